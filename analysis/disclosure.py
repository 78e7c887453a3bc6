"""Which rates of a wave are withheld, so that none that is too small can be computed from those that are shown.

A rate of too few answers is withheld (`too_few`). Where it is the only one of its parent, its answers are the parent's
less its siblings': so a second sibling, the one with the fewest answers, is withheld with it (`complementary`), and
more until those withheld hold together as many answers as a rate of its own needs. A parent that is withheld would be
the sum of its children, so some of them are withheld as well. Domains in which nobody answered hide nothing and count
for nothing. (Secondary suppression; Willenborg & de Waal 2001, Elements of Statistical Disclosure Control.)

The parent of a neighbourhood is its street, of a street its district, of a district, a sex and an age band the city.
These sums make a tree: if none of them has a single unknown, no combination of them gives any unknown away.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from analysis.columns import AGE_BAND, DISTRICT, NEIGHBOURHOOD, SEX, STREET
from analysis.publication import PublicationRule
from analysis.rates import CITY, Rate

TOO_FEW, COMPLEMENTARY = "too_few", "complementary"

Domain = tuple[str, str]  # kind, code
Place = tuple[str, str, str, str]  # indicator, mode, kind, code
WHOLE: Domain = (CITY, CITY)

# The kinds of parent that the areas of a kind may have, the nearest first.
_ABOVE: Mapping[str, tuple[str, ...]] = {NEIGHBOURHOOD: (STREET, DISTRICT), STREET: (DISTRICT,), DISTRICT: ()}


def place(rate: Rate) -> Place:
    """Where a rate stands in the tables of a wave."""
    return rate.indicator, rate.mode, rate.domain_kind, rate.domain


def withheld(rates: Iterable[Rate], parents: Mapping[str, str], rule: PublicationRule) -> dict[Place, str]:
    """The rates that may not be shown, each with its reason. parents: area code -> code of the area around it."""
    tables: defaultdict[tuple[str, str], dict[Domain, Rate]] = defaultdict(dict)
    for rate in rates:
        tables[rate.indicator, rate.mode][rate.domain_kind, rate.domain] = rate
    found: dict[Place, str] = {}
    for table in tables.values():
        sizes = {domain: rate.estimate.n for domain, rate in table.items()}
        hidden = {domain for domain, rate in table.items() if not rule.publishable(rate.estimate)}
        found |= {place(table[domain]): TOO_FEW for domain in hidden}
        more = _complement(sizes, hidden, families(table, parents), rule.min_n)
        found |= {place(table[domain]): COMPLEMENTARY for domain in more}
    return found


def families(domains: Iterable[Domain], parents: Mapping[str, str]) -> list[tuple[Domain, list[Domain]]]:
    """Every sum of a table: a parent and the children that its answers are divided into."""
    known = set(domains)
    children: defaultdict[tuple[Domain, str], list[Domain]] = defaultdict(list)
    for domain in sorted(known - {WHOLE}):
        kind = domain[0]
        if kind in (SEX, AGE_BAND):
            children[WHOLE, kind].append(domain)
        else:
            children[_parent(domain, known, parents), "area"].append(domain)
    return [(parent, members) for (parent, _), members in children.items()]


def _parent(domain: Domain, known: set[Domain], parents: Mapping[str, str]) -> Domain:
    """The nearest area around a domain that the table lists, else the city."""
    kind, code = domain
    around: str | None = code
    while around is not None:
        for above in _ABOVE[kind]:
            if (above, around) in known:
                return above, around
        around = parents.get(around)
    return WHOLE


def _complement(
    sizes: Mapping[Domain, int], hidden: set[Domain], sums: list[tuple[Domain, list[Domain]]], min_n: int
) -> set[Domain]:
    """What must be withheld besides `hidden`. Ends because each round withholds at least one more."""
    gone = set(hidden)
    while chosen := {domain for parent, members in sums for domain in _next(sizes, gone, parent, members, min_n)}:
        gone |= chosen
    return gone - hidden


def _next(
    sizes: Mapping[Domain, int], gone: set[Domain], parent: Domain, members: list[Domain], min_n: int
) -> list[Domain]:
    """The next domain of one sum to withhold: its smallest child, its parent where no child is left, or none."""
    answered = [domain for domain in members if sizes[domain] > 0]
    missing = [domain for domain in answered if domain in gone]
    left = [domain for domain in answered if domain not in gone]
    if not (missing or parent in gone) or (len(missing) > 1 and sum(sizes[each] for each in missing) >= min_n):
        return []
    if left:
        return [min(left, key=lambda domain: (sizes[domain], domain))]
    # An only child is its parent, but for people of whom nobody knows the child they belong to.
    unknown = sizes[parent] - sum(sizes[domain] for domain in missing)
    return [parent] if len(missing) == 1 and unknown < min_n and parent not in gone else []
