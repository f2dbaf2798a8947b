"""The allocation of `plans.rs` solved by HiGHS: the same steps, each started from the basis of the one before.

After each step the set of all its optima is held: columns and rows with a price stand at their bounds. Nothing is given away to a
tolerance, so what comes out can be compared with what the program finds.

In: a problem as JSON. Out: seconds, what each tier leaves unmet at least, what is taken on every link, what every demand lacks.
"""
import json
import sys
import time

import highspy

NOTHING, PRICE_MIN = 1e-7, 1e-7
INF = highspy.kHighsInf


def pieces(problem):
    """The links of each part that shares no supply and no conduit with another."""
    root = {}

    def find(one):
        while root.setdefault(one, one) != one:
            one = root[one]
        return one

    for supply, demand, _, _, conduit in problem["links"]:
        for other in [("d", demand)] + ([("c", conduit)] if conduit is not None else []):
            root[find(other)] = find(("s", supply))
    parts = {}
    for at, link in enumerate(problem["links"]):
        parts.setdefault(find(("s", link[0])), []).append(at)
    return parts.values()


class Programme:
    """Columns and rows in shares, as in `solve.rs`."""

    def __init__(self, problem, links):
        self.problem, self.links = problem, links
        self.highs = highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("primal_feasibility_tolerance", 1e-10)
        highs.setOptionValue("dual_feasibility_tolerance", 1e-10)
        self.count, self.rows = 0, 0
        amount = lambda at: problem["demands"][at][0]
        self.demands = sorted({problem["links"][at][1] for at in links})
        self.taken = [self.column(INF) for _ in links]
        self.unmet = {at: self.column(1.0) for at in self.demands}
        self.share = self.column(1.0)
        arriving, leaving, through = {}, {}, {}
        for column, at in zip(self.taken, links):
            supply, demand, loss, _, conduit = problem["links"][at]
            arriving.setdefault(demand, []).append((column, 1.0 - loss))
            leaving.setdefault(supply, []).append((column, amount(demand) / problem["supplies"][supply]))
            if conduit is not None:
                through.setdefault(conduit, []).append((column, amount(demand) / problem["conduits"][conduit]))
        for at in self.demands:
            self.row(1.0, 1.0, arriving[at] + [(self.unmet[at], 1.0)])
        for terms in list(leaving.values()) + list(through.values()):
            self.row(-INF, 1.0, terms)
        self.fair = {at: self.row(-INF, INF, [(self.unmet[at], 1.0), (self.share, -1.0)]) for at in self.demands}

    def column(self, most):
        self.highs.addVar(0.0, most)
        self.count += 1
        return self.count - 1

    def row(self, low, high, terms):
        self.highs.addRow(low, high, len(terms), [column for column, _ in terms], [factor for _, factor in terms])
        self.rows += 1
        return self.rows - 1

    def run(self, cost):
        self.highs.changeColsCost(self.count, list(range(self.count)), [cost.get(at, 0.0) for at in range(self.count)])
        self.highs.run()
        status = self.highs.getModelStatus()
        assert status == highspy.HighsModelStatus.kOptimal, status
        return self.highs.getSolution()

    def hold(self, found):
        lp = self.highs.getLp()
        for at, price in enumerate(found.col_dual):
            if abs(price) > PRICE_MIN and lp.col_lower_[at] < lp.col_upper_[at]:
                bound = lp.col_lower_[at] if price > 0 else lp.col_upper_[at]
                self.highs.changeColBounds(at, bound, bound)
        for at, price in enumerate(found.row_dual):
            if abs(price) > PRICE_MIN and lp.row_lower_[at] < lp.row_upper_[at]:
                bound = lp.row_lower_[at] if price > 0 else lp.row_upper_[at]
                self.highs.changeRowBounds(at, bound, bound)

    def spread(self, of):
        left = list(of)
        while left:
            for at in left:
                self.highs.changeRowBounds(self.fair[at], -INF, 0.0)
            self.highs.changeColBounds(self.share, 0.0, 1.0)
            found = self.run({self.share: 1.0})
            worst = found.col_value[self.share]
            held = [at for at in left if worst <= NOTHING or abs(found.row_dual[self.fair[at]]) > PRICE_MIN]
            self.hold(found)
            lp = self.highs.getLp()
            for at in left:
                self.highs.changeRowBounds(self.fair[at], -INF, INF)
                column = self.unmet[at]
                low, high = lp.col_lower_[column], lp.col_upper_[column]
                high = max(low, min(high, worst))
                self.highs.changeColBounds(column, high if at in held and worst > NOTHING else low, high)
            left = [at for at in left if at not in held]
        self.highs.changeColBounds(self.share, 0.0, 1.0)

    def solve(self):
        demands, least = self.problem["demands"], {}
        for tier in sorted({demands[at][1] for at in self.demands}):
            of = [at for at in self.demands if demands[at][1] == tier]
            asked = sum(demands[at][0] for at in of)
            found = self.run({self.unmet[at]: demands[at][0] / asked for at in of})
            least[tier] = sum(found.col_value[self.unmet[at]] * demands[at][0] for at in of)
            self.hold(found)
            if least[tier] > NOTHING * asked:
                self.spread(of)
        worth = {column: self.problem["links"][at][3] * demands[self.problem["links"][at][1]][0]
                 for column, at in zip(self.taken, self.links)}
        dearest = max(worth.values())
        values = self.run({column: one / dearest for column, one in worth.items()}).col_value
        taken = {at: values[column] * demands[self.problem["links"][at][1]][0]
                 for column, at in zip(self.taken, self.links)}
        return least, taken, {at: values[column] * demands[at][0] for at, column in self.unmet.items()}


def solve(problem):
    least, taken, unmet = {tier: 0.0 for _, tier in problem["demands"]}, {}, {}
    for links in pieces(problem):
        of_tiers, of_links, of_demands = Programme(problem, links).solve()
        for tier, lack in of_tiers.items():
            least[tier] += lack
        taken.update(of_links)
        unmet.update(of_demands)
    return {
        "least": [least[tier] for tier in sorted(least)],
        "taken": [taken[at] for at in range(len(problem["links"]))],
        "unmet": [unmet[at] for at in range(len(problem["demands"]))],
    }


problem = json.load(sys.stdin)
begun = time.perf_counter()
answer = solve(problem)
answer["seconds"] = time.perf_counter() - begun
# HiGHS writes to standard output too: the answer is the last line.
print("\n" + json.dumps(answer), flush=True)
