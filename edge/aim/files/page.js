"use strict";
const marks = { good: "✓ good", poor: "△ poor", bad: "✗ bad" };
const put = (id, text) => { document.getElementById(id).textContent = text; };

function row(reading) {
  const line = document.createElement("tr");
  for (const text of [reading.name, reading.said, marks[reading.verdict]]) {
    line.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  return line;
}

function show(state) {
  put("sentence", state.sentence);
  const bad = state.readings.some((reading) => reading.verdict === "bad");
  document.body.dataset.verdict = bad ? "bad" : state.ready ? "good" : "poor";
  document.getElementById("readings").replaceChildren(...state.readings.map(row));
  const advice = state.advice.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
  document.getElementById("advice").replaceChildren(...advice);
  put("left", `The page ends in ${Math.ceil(state.left_s / 60)} min.`);
}

let number = 0;
async function turn() {
  try {
    const state = await (await fetch("state.json", { cache: "no-store" })).json();
    if (state.readings) { show(state); document.getElementById("picture").src = `picture.jpg?${number++}`; }
    setTimeout(turn, 150);
  } catch {
    document.body.dataset.verdict = "bad";
    document.getElementById("picture").removeAttribute("src");
    put("sentence", "Aiming has ended.");
  }
}
turn();
