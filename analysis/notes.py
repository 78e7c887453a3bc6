"""The notes an estimate can carry: code and meaning, the one wording of them. A page may translate it.

Each is a fragment for the cell of a table, lower case and without a full stop, and is true for every basis of an
interval that carries it.
"""

from collections.abc import Mapping

NOTES: Mapping[str, str] = {
    "no_answers": "nobody answered",
    "no_degrees_of_freedom": "at most one point in each district, so the design gives no variance",
    "zero_denominator": "the denominator is 0",
    "all_answers_agree": "all answers agree, so the interval is one-sided in effect",
    "zero_variance": "the points do not differ, so they show no variance",
    "deff_planned": "the design effect is mostly a planned one: these points say too little about their own",
    "deff_of_district": "with the design effect of the district: these points cannot show their own",
    "deff_of_city": "with the design effect of the city: these points cannot show their own",
    "deff_of_weights": "with the design effect of the weights alone: answers at one point may be more alike",
    "unweighted": "not weighted: no population is known for these groups",
    "districts_without_interviews": "districts without interviews are not represented",
    "interviews_outside": "people from outside the wave's districts are not counted",
    "self_selected": "people chose themselves to answer; the interval holds only if they are like the others",
}
