"""All stages of one run in one call chain: what replay drives, and tests."""

from __future__ import annotations

from collections.abc import Callable

from edge.affect.features import UtteranceFeatures
from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.messages import Audio, Frame, Message, Source, Utterance
from edge.runtime.health import Health
from edge.runtime.judgement import Judgement, blink_model, trained_fusion
from edge.runtime.senses import Senses, Words, absences


class Pipeline:
    """One run from its first item to `finish`; make a new one for the next run and give it the same `words`."""

    def __init__(
        self,
        bundle: Bundle,
        config: Config,
        session: str,
        words: Words | None = None,
        features: Callable[[UtteranceFeatures], None] | None = None,
    ) -> None:
        """`session` names the run: the ids of its alerts are made from it.

        `features` is told what a trained fusion sees of each utterance, whether the bundle has one or not.

        Raises:
            BundleError: a model that the bundle has cannot be loaded.
        """
        self.config = config
        self.health = Health()
        self.troubles: list[Source] = []
        """Stages that failed in this run."""
        self._new: list[Source] = []
        fusion, drowsiness = trained_fusion(bundle, config), blink_model(bundle, config)
        self._judgement = Judgement(config, session, fusion, features, drowsiness)
        self._senses = Senses(bundle, config, self._new.append, self.health, words or Words(bundle, config))

    def start(self) -> list[Message]:
        """What this run goes without; call it first."""
        return [m for source in absences(self._senses, self.config) for m in self._judgement.source(source)]

    def source(self, source: Source) -> list[Message]:
        """A word of capture about its sources."""
        return self._judgement.source(source)

    def frame(self, frame: Frame) -> list[Message]:
        """One picture."""
        self.health.frames += 1
        speaking = self._senses.speaking
        faces = self._senses.see(frame)
        return [*self._reported(), *self._judgement.seen(faces, speaking)]

    def audio(self, audio: Audio) -> tuple[list[Message], list[Utterance]]:
        """One piece of sound; hand each returned utterance to `utterance`."""
        return self._spoken(self._senses.hear(audio))

    def end_sound(self, t_s: float) -> tuple[list[Message], list[Utterance]]:
        """End the sound at `t_s`; hand each returned utterance to `utterance`. `finish` does both."""
        return self._spoken(self._senses.end_sound(t_s))

    def utterance(self, utterance: Utterance) -> list[Message]:
        """One utterance that `audio` returned."""
        heard = self._senses.understand(utterance)
        return [*self._reported(), *self._judgement.heard(heard)]

    def finish(self, t_s: float) -> list[Message]:
        """End the run at `t_s`: the speech that was going on, open alerts, the last summary."""
        messages, utterances = self.end_sound(t_s)
        for utterance in utterances:
            messages += self.utterance(utterance)
        return messages + self._judgement.finish(t_s)

    def _spoken(self, utterances: list[Utterance]) -> tuple[list[Message], list[Utterance]]:
        self.health.utterances += len(utterances)
        messages = [*self._reported(), *self._judgement.sounded(self._senses.sounds())]
        for utterance in utterances:
            messages += self._judgement.spoken(utterance)
        return messages, utterances

    def _reported(self) -> list[Message]:
        """The troubles of stages since the last call."""
        new, self._new[:] = list(self._new), []
        self.troubles += [source for source in new if source.state == "lost"]
        return [message for source in new for message in self._judgement.source(source)]
