"""A wave's letters arranged for their page: batches and rates, in numbers that say nothing of one household."""

from analysis.outcome_rates import Dispositions, OutcomeRate, outcome_rates
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Point
from survey.domain.frame import Frame
from survey.domain.wave_json import plan_from_json
from survey.services.make_letters import WaveLetters
from survey.web.area_names import area_name


class LettersView:
    """What the page of letters shows."""

    def __init__(self, found: WaveLetters, frame: Frame) -> None:
        self.found = found
        self.wave = found.wave
        self.points = tuple(found.points.values())
        self.batches = found.batches
        self.plan = plan_from_json(found.wave.plan)
        self._frame = frame

    def place(self, point: Point) -> str:
        """The name of a point's area."""
        area = self._frame.areas.get(point.area_code)
        return area_name(area) if area else point.area_code

    @property
    def takes_letters(self) -> bool:
        """Whether more letters can be made."""
        return bool(self.points) and self.wave.state == "open"

    @property
    def planned(self) -> int:
        """How many letters the plan wants."""
        return next((sample.n for sample in self.plan.samples if sample.mode == "sampled"), 0)

    @property
    def dispositions(self) -> Dispositions:
        """The letters in AAPOR's terms: who has not answered may or may not belong to the population."""
        counts = self.found.outcomes
        told = {
            "I": counts.get(Disposition.COMPLETE, 0),
            "P": counts.get(Disposition.PARTIAL, 0),
            "R": counts.get(Disposition.REFUSED, 0),
            "NE": counts.get(Disposition.INELIGIBLE, 0),
        }
        return Dispositions(**told, UO=max(0, self.found.out - sum(told.values())))

    @property
    def response_rate(self) -> OutcomeRate:
        """AAPOR's RR1, the smallest of its response rates: everybody who has not answered is taken to be eligible."""
        return outcome_rates(self.dispositions)["RR1"]

    def outcome(self, disposition: Disposition) -> int:
        """How many answers to letters ended so."""
        return self.found.outcomes.get(disposition, 0)
