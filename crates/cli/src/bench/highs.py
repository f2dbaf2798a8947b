"""The allocation of `plans.rs` solved by HiGHS: the same steps, each started from the basis of the one before.

In: a problem as JSON. Out: seconds, what each tier leaves unmet, the unmet share of every demand, the cost, as JSON.
"""
import json
import sys
import time

import highspy

NOTHING, ROOM, ROOM_MAX, SLACK = 1e-7, 1e-6, 1e-3, 1e-8


def model(problem):
    """All columns and rows of all steps; a step changes bounds and costs only."""
    supplies, demands, conduits, links = (problem[name] for name in ("supplies", "demands", "conduits", "links"))
    unit = max(amount for amount, _ in demands)
    tiers = sorted({tier for _, tier in demands})
    n_links, n_demands = len(links), len(demands)
    unmet, share, room = n_links, n_links + n_demands, n_links + n_demands + 1
    rows = [[] for _ in range(n_demands + len(supplies) + len(conduits) + len(tiers) + n_demands)]
    of_supply, of_conduit = n_demands, n_demands + len(supplies)
    of_tier, fair = of_conduit + len(conduits), of_conduit + len(conduits) + len(tiers)
    for at, (supply, demand, loss, _, conduit) in enumerate(links):
        rows[demand].append((at, 1.0 - loss))
        rows[of_supply + supply].append((at, 1.0))
        if conduit is not None:
            rows[of_conduit + conduit].append((at, 1.0))
    for at, (amount, tier) in enumerate(demands):
        amount /= unit
        rows[at].append((unmet + at, 1.0))
        rows[of_tier + tiers.index(tier)].append((unmet + at, 1.0))
        rows[fair + at] += [(unmet + at, 1.0), (share, -amount), (room + at, amount)]
    inf = highspy.kHighsInf
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = room + n_demands, len(rows)
    lp.col_cost_ = [0.0] * lp.num_col_
    lp.col_lower_ = [0.0] * lp.num_col_
    most = [amount / unit for amount, _ in demands]
    lp.col_upper_ = [inf] * n_links + most + [1.0] + [0.0] * n_demands
    lp.row_lower_ = most + [-inf] * (len(rows) - n_demands)
    upper = most + [one / unit for one in supplies] + [one / unit for one in conduits]
    lp.row_upper_ = upper + [inf] * (len(rows) - len(upper))
    start, index, value = [0], [], []
    for row in rows:
        index += [column for column, _ in row]
        value += [factor for _, factor in row]
        start.append(len(index))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = start, index, value
    return lp, unit, tiers, (unmet, share, room, of_tier, fair)


def solve(problem):
    lp, unit, tiers, (unmet, share, room, of_tier, fair) = model(problem)
    demands, links = problem["demands"], problem["links"]
    inf = highspy.kHighsInf
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    # Held optima must not be missed by what counts as feasible.
    highs.setOptionValue("primal_feasibility_tolerance", 1e-10)
    highs.setOptionValue("dual_feasibility_tolerance", 1e-10)
    highs.passModel(lp)
    costs = {}

    def run(wanted):
        for column in [one for one in costs if one not in wanted]:
            highs.changeColCost(column, 0.0)
            del costs[column]
        for column, cost in wanted.items():
            if costs.get(column) != cost:
                highs.changeColCost(column, cost)
                costs[column] = cost
        highs.run()
        assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal, highs.getModelStatus()
        return highs.getSolution().col_value

    for nth, tier in enumerate(tiers):
        of = [at for at, (_, one) in enumerate(demands) if one == tier]
        found = run({unmet + at: 1.0 for at in of})
        total = sum(found[unmet + at] for at in of)
        if total <= NOTHING:
            for at in of:
                highs.changeColBounds(unmet + at, 0.0, found[unmet + at] + SLACK)
            continue
        highs.changeRowBounds(of_tier + nth, -inf, total + SLACK)
        left = [at for at in of if demands[at][0] > 0]
        while left:
            for at in left:
                highs.changeRowBounds(fair + at, -inf, 0.0)
            highs.changeColBounds(share, 0.0, 1.0)
            worst = run({share: 1.0})[share]
            held = list(left)
            if worst > NOTHING:
                highs.changeColBounds(share, worst + SLACK, worst + SLACK)
                seek = list(left)
                while seek:
                    for at in left:
                        highs.changeColBounds(room + at, 0.0, ROOM_MAX if at in seek else 0.0)
                    found = run({room + at: -1.0 for at in seek})
                    able = [at for at in seek if found[room + at] > ROOM]
                    if not able:
                        held = seek
                        break
                    seek = [at for at in seek if at not in able]
            for at in left:
                highs.changeColBounds(room + at, 0.0, 0.0)
                highs.changeRowBounds(fair + at, -inf, inf)
                highs.changeColBounds(unmet + at, 0.0, worst * demands[at][0] / unit + SLACK)
            left = [at for at in left if at not in held]
        highs.changeColBounds(share, 0.0, 1.0)
    found = run({at: link[3] for at, link in enumerate(links)})
    lack = [found[unmet + at] * unit for at in range(len(demands))]
    return {
        "unmet": [sum(lack[at] for at, (_, one) in enumerate(demands) if one == tier) for tier in tiers],
        "shares": [lack[at] / amount if amount else 0.0 for at, (amount, _) in enumerate(demands)],
        "cost": sum(found[at] * unit * link[3] for at, link in enumerate(links)),
    }


problem = json.load(sys.stdin)
begun = time.perf_counter()
answer = solve(problem)
answer["seconds"] = time.perf_counter() - begun
# HiGHS writes to standard output too: the answer is the last line.
print("\n" + json.dumps(answer), flush=True)
