"""What a page embeds of a questionnaire, so that its scripts can ask and check as the server does.

    {"routing": {…},                                  as Routing.to_json() writes it, for routing.mjs
     "items": {"age": {"type": "one",                 in the order they are asked
                       "required": true,
                       "categories": [{"code": "18-34"}, {"code": "refused", "mark": "refused"}]},
               "shops": {…, "categories": [{"code": "market"}, {"code": "none", "exclusive": true}]},
               "trips": {…, "minimum": 0, "maximum": 200},
               "comment": {…, "max_length": 500}},
     "strata": [{"dimension": "age_band", "item": "age"}]}

`categories` (in order), the limits, `mark` and `exclusive` are left out where there is none. No texts: those are on the
page, so the table can stand in a script element as it is. validation.mjs reads `routing` and `items`; whoever looks
for a person's quota cell reads `strata`.
"""

from survey.domain.questionnaire import Item, Questionnaire, ResponseCategory


def instrument_table(questionnaire: Questionnaire) -> dict[str, object]:
    """The table of this questionnaire, in the shape above."""
    return {
        "routing": questionnaire.routing.to_json(),
        "items": {code: _item(item) for code, item in questionnaire.items.items()},
        "strata": [{"dimension": stratum.dimension, "item": stratum.item} for stratum in questionnaire.strata],
    }


def _item(item: Item) -> dict[str, object]:
    limits = {"minimum": item.minimum, "maximum": item.maximum, "max_length": item.max_length}
    categories = [_category(category) for category in item.categories]
    return {
        "type": item.type.value,
        "required": item.required,
        **({"categories": categories} if categories else {}),
        **{name: limit for name, limit in limits.items() if limit is not None},
    }


def _category(category: ResponseCategory) -> dict[str, object]:
    return {
        "code": category.code,
        **({"mark": category.mark.value} if category.mark else {}),
        **({"exclusive": True} if category.exclusive else {}),
    }
