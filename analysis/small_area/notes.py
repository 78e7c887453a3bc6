"""What the notes of small-area results mean: code and wording, as `analysis.notes` has them for estimates."""

from collections.abc import Mapping

NOTES: Mapping[str, str] = {
    "nobody_asked": "nobody was asked anywhere, so only the prior speaks",
    "all_answers_agree": "all answers agree, so nothing shows how areas differ",
    "each_area_agrees": "within every area all answers agree, so nothing shows how alike the answers of an area are",
    "no_spread": "areas differ no more than by chance",
    "too_few_areas": "there are no more areas with interviews than coefficients",
    "not_converged": "the likelihood has no maximum, or it was not found: covariates may tell yes from no perfectly",
    "few_effective_points": "few points stand for the parameters, so the last digits are uncertain",
}
