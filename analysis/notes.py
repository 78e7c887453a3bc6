"""The notes an estimate can carry: code and meaning. Pages translate the code; this is the English source."""

from collections.abc import Mapping

NOTES: Mapping[str, str] = {
    "no_answers": "Nobody in this domain answered.",
    "no_degrees_of_freedom": "All answers come from one sampling unit per stratum; the design gives no variance.",
    "all_answers_agree": "All answers agree, so the effective number of answers is taken from their count alone.",
    "zero_variance": "The sampling units do not differ, so the effective number of answers is taken from their count.",
    "deff_of_district": "The design effect is that of the district.",
    "deff_of_city": "The design effect is that of the city.",
    "deff_of_weights": "The design effect is that of the weights alone; answers from one place may be more alike.",
    "unweighted": "No population was given, so every interview counts alike.",
    "districts_without_interviews": "Districts without interviews are not represented.",
    "interviews_outside": "People from outside the districts that the population lists are not counted.",
    "self_selected": "Answers are self-selected: the interval rests on a model, not on random sampling.",
}
