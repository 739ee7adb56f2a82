"use strict";
const put = (id, text) => { document.getElementById(id).textContent = text; };

function row(cells) {
  const line = document.createElement("tr");
  for (const text of cells) {
    line.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  return line;
}

function show(state) {
  put("sentence", state.sentence);
  document.body.dataset.verdict = state.verdict;
  document.getElementById("readings").replaceChildren(...state.readings.map(row));
  const advice = state.advice.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
  document.getElementById("advice").replaceChildren(...advice);
  put("left", state.left);
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
    put("sentence", document.getElementById("sentence").dataset.ended);
  }
}
turn();
