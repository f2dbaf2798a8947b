# Plans: computing, what is lacking, adopting
nav-plans = Plans
title-plans = Plans
plans-lead = Computed at once from the rows that hold on the day. A plan only proposes; rows change when somebody adopts it.
plans-empty = No plan for this post
plans-empty-text = The installed packs open no plan to this post.
plan-look-only = to look at only
plan-kind-allocation = Allocation
plan-kind-assignment = Assignment
plan-kind-coverage = Coverage
plan-date = Day
plan-waits = Answer these questions first, then compute.
plan-compute = Compute
plan-result = What comes of it
plan-of = { $place } · { $day }
plan-of-asked = / { $asked } { $unit }
plan-cost-in-all = It costs { $cost } in all.
plan-km-in-all = It takes { $km } km in a straight line in all.
plan-sentence-allocation = { $place }, { $day }: { $served } of { $asked }{ $unit } are served; { $lacks ->
    [0] nothing is lacking
    [one] one demand lacks something
   *[other] { $lacking } demands lack something
}.
plan-sentence-assignment = { $place }, { $day }: { $served } of { $asked }{ $unit } are sent; { $lacks ->
    [0] every job is served
    [one] one job lacks somebody
   *[other] { $lacking } jobs lack somebody
}.
plan-sentence-coverage = { $place }, { $day }: { $served } of { $asked }{ $unit } are within reach; { $lacks ->
    [0] every place is
    [one] one place is not
   *[other] { $lacking } places are not
}.
plan-nothing = There is no demand under what was asked. Check the answers above, or enter the rows.
plan-full = Everything is served; nothing is lacking.
plan-column = { $label } ({ $unit })
plan-more = The first { $shown } of { $total } lines; all of them are in the XLSX.
plan-export-lacks = Export what is lacking
plan-table-flows = Who gets what
plan-help-flows = One line for each flow; adopting writes each to the register.
plan-table-reached = How places are reached
plan-help-reached = Estimated time to the nearest point: straight line times the detour, at the given speed.
plan-table-lacks = What is lacking
plan-help-lacks = The most urgent first, then what lacks most.
plan-table-tiers = By urgency
plan-help-tiers = Urgent tiers are served before anything goes to the next; within a tier a scarcity is spread in proportion.
plan-table-areas = By place
plan-help-areas = Follow a name to compute the plan for that place.
plan-table-sites = Best further sites
plan-help-sites = Chosen one after the other: each time the one that newly covers most.
plan-table-helps = What more would help
plan-help-helps = What one more unit would serve of the most urgent tier that lacks something.
plan-table-uses = Use
plan-help-uses = How much is used and what is left.
plan-table-capacities = Capacity of links
plan-help-capacities = How much is used and what is left.
plan-supply = Supply
plan-demand = Demand
plan-link = Link
plan-worker = Sent
plan-job = Job
plan-facility = Point
plan-place = Place
plan-site = Suggested site
plan-rank = No.
plan-tier = Tier
plan-taken = Taken
plan-arrives = Arrives
plan-asked = Asked for
plan-served = Served
plan-served-within = Within reach
plan-share = Share
plan-lacking = Lacking
plan-cause = Why
plan-cause-supplies = Supplies are used up
plan-cause-capacity = Every link to it is full
plan-cause-no-link = No link leads to it
plan-job-cause-supplies = Whoever could is sent elsewhere
plan-job-cause-capacity = Everybody who could is there
plan-job-cause-no-link = Nobody could do it
plan-cost = Cost
plan-km = km, straight line
plan-weight = Weight
plan-covered = Within reach
plan-minutes = Minutes
plan-nearest = Nearest point
plan-nearest-of = Nearest to
plan-gained = Newly covered
plan-places = Places
plan-lever = Of what
plan-lever-kind = Kind
plan-lever-supply = Supply
plan-lever-capacity = Capacity of a link
plan-gain = Served per unit
plan-there = There
plan-used = Used
plan-left = Left
plan-missing-amount = { $count ->
    [one] One row gives
   *[other] { $count } rows give
} no amount and count as nothing: { $rows }
plan-missing-point = { $count ->
    [one] One row has
   *[other] { $count } rows have
} no position and { $count ->
    [one] is
   *[other] are
} left out: { $rows }
plan-missing-key = { $count ->
    [one] One row
   *[other] { $count } rows
} of the result lack a part of the key and cannot be adopted: { $rows }
plan-point-served = served
plan-point-lacks = lacking
plan-point-serves = serves
plan-point-site = suggested site
plan-inputs = What it rests on
plan-inputs-help = Only rows that hold on the day and that this post may read. The same rows always give the same result.
plan-adopt-title = Adopt
plan-adopt-counts = { $new } new, { $changed } changed, { $ended } ended; { $same } are as the plan says already.
plan-adopt-waiting = For { $count } of them a change waits for approval; it is not proposed again.
plan-adopt-done = The register is as the plan says; there is nothing to adopt.
plan-adopt-one = Every row is written to the register, and the journal says that you adopted it. If one row breaks a rule, none is written.
plan-adopt-two = Every row is proposed and needs another person's approval. If one row breaks a rule, none is proposed.
plan-adopt-not = This post may look at the plan but not adopt it.
plan-adopt = Adopt
plan-propose = Adopt and propose
plan-adopted = Adopted: { $count } rows were written.
plan-proposed = Adopted: { $count } changes wait for approval.
plan-adopted-partly = { $count } rows were written; { $failed } were not, because something had just changed. Look again and adopt once more.
plan-not-adopted = Not adopted; no row was changed
plan-changed = Rows changed since you opened this page, and the result is another. It stands below: look at it before you adopt it.
plan-rows-refused = { $count } rows cannot be written: { $rows }. Correct what they rest on and compute again.
plan-semicolon = {"; "}
plan-why = Plan “{ $plan }” adopted ({ $place }, { $day })
plan-error = Not computed
plan-error-number = The { $what } of “{ $key }” cannot be { $value }. Correct that row and compute again.
plan-error-too-large = { $given } { $what } are more than the { $max } one plan takes. Choose a place inside this one, or narrow the conditions.
plan-error-too-long = It was not solved within { $seconds } seconds. Choose a place inside this one, or narrow the conditions.
plan-error-twice = Two rows of the result have the key “{ $key }”. Tell the author of the pack.
plan-error-solver = No reliable result was found, so none is shown. Check the rows; if it happens again, tell the administrator.
plan-number-amount = amount
plan-number-capacity = capacity
plan-number-loss = loss
plan-number-cost = cost
plan-number-minutes = time
plan-number-speed-km-h = speed
plan-number-detour = detour
plan-many-rows = rows
plan-many-links = links
plan-many-pairs = pairs
plan-many-places = places
plan-many-facilities = points
plan-many-candidates = sites
