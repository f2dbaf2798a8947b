# Words of a case: its course, why it is where it is, facts, problems of forms, refusals
unit-yuan = yuan
sentence-gap = {" "}
# The course
verb-opened = Reported
verb-overdue = Fell due: { $clock }
verb-changed = Changed
verb-merged-from = A case was merged into this one
verb-link = Linked
who-public = Resident
who-reporter = Reporter
who-api = Another system ({ $name })
who-system = System
moved = Moved
link-merged-into = Merged into
link-merged-from = Merged duplicate
link-opened-from = Comes from
link-converted-to = Converted into
link-transferred-to = Transferred as
link-other = Linked case
# Why here
route-point = The point lies inside { $place } ({ $edition }).
route-point-synthetic = The point lies inside the synthetic outline of { $place } ({ $edition }).
route-border = The point lies near a border; the reporter chose { $place } ({ $edition }).
route-named = The reporter chose { $place } by name.
route-inherited = It belongs to { $place } like the case it comes from.
route-moved = { $count ->
    [one] Moved once, now in { $place }.
   *[other] Moved { $count } times, now in { $place }.
 }
route-near = { $place } is { $metres } m away.
route-near-zero = By its outline it lies on the side of { $place }.
route-host = By its code it belongs to { $county }; on the ground it lies in { $host }.
# Facts
facts-told = Report
facts-handled = Handling
fact-received = Received
fact-observed = Seen
fact-number = Report no.
fact-case-number = Case no.
fact-opened-by = Taken in by
fact-level = Handled at
fact-assignee = Duty post
fact-assist = Assisting
fact-reporter = Reporter
fact-why-here = Why here
# Suggestions
suggest-own-place = responsible for { $place }
suggest-handles = office of { $place }
suggest-duty = dispatch list: { $kind }, { $duty }
# Periods
period-quarter = quarter { $quarter } of { $year }
period-year = { $year }
period-days = { $from } to { $to }
# Problems of a form; label is the field
problem-required = { $label }: fill this in
problem-too-long = { $label }: { $given } characters, at most { $max }. The whole text is kept; shorten it and send again.
problem-not-a-number = { $label }: a number is needed
problem-out-of-range = { $label }: from { $min } to { $max }
problem-too-small = { $label }: at least { $min }
problem-too-large = { $label }: at most { $max }
problem-too-precise = { $label }: at most { $scale } digits after the point, and not so many before it
problem-not-a-date = { $label }: a date such as 2022-06-27
problem-not-a-choice = { $label }: this is not among the choices, choose again
problem-retired = { $label }: this choice is no longer in use, choose a present one
problem-not-found = { $label }: not found, please check
problem-not-a-place = { $label }: this is not a place, choose again
problem-outside = { $label }: outside the area. Check the coordinates.
problem-not-near = The chosen place does not hold the point and is not near its border. Choose another place or move the pin.
problem-not-a-point = { $label }: not understood, write for example 116.83860, 38.31060
problem-too-many = { $label }: at most { $max }
problem-not-a-phone = { $label }: not a telephone number (11 digits for mobiles, area code for land lines)
problem-not-an-id = { $label }: not a valid ID number, please check
problem-pattern = { $label }: not of the right form
problem-check = { $label }: does not meet the condition
problem-unknown-field = There is no field “{ $label }” in this form
problem-masked = { $label }: holds the stars of a mask; write it in full or leave it unchanged
problem-not-a-duration = { $label }: a number and a unit, such as 4 wh (working hours) or 2 wd (working days)
problem-not-text = { $label }: text is needed
problem-wrong-level = { $label }: a place of another level is needed
problem-other-county = { $label }: lies in another county, transfer the case instead
problem-same-place = { $label }: this is where it is now
problem-itself = A case cannot be merged into itself
problem-is-a-child = That case was merged into another; give the number of the main case
problem-has-children = Other cases were merged into this one, so it cannot be merged itself
problem-other = { $label }: please check
# Refusals
refusal-title = Not done
refusal-not-found = There is no such case, or it lies outside your post.
refusal-not-allowed = Your post may not take this step.
refusal-same-person = You took the step before; somebody else has to take this one.
refusal-wrong-state = The case is now “{ $state }”; this step cannot be taken.
refusal-changed = Somebody acted on this case after you looked at it; it is now “{ $state }”. Look at it and decide again; what you typed is kept.
refusal-guard = A condition is not met, so this step cannot be taken.
refusal-form = Something in the form is wrong; see the places marked below.
refusal-outside = The place lies outside the area.
refusal-duplicate = The same was taken in before, number { $number }.
refusal-wrong-shard = The place and the county do not go together; choose the place again.
refusal-unknown = There is no such step.
refusal-busy = The system is busy; wait a few seconds and send again. What you typed is kept.
refusal-storage = Nothing could be saved and nothing has changed; send it once more. What you typed is kept.
refusal-reason-erased = The personal details of this case were erased as required, none can be added.
refusal-reason-no-length = There is no time limit to go by; check the limit of the category first.
refusal-reason-no-level = It is at the highest or lowest level already.
refusal-reason-not-running = “{ $clock }” is not running.
refusal-reason-other-unit = “{ $clock }” counts in another unit than the extension.
refusal-reason-overdue = “{ $clock }” has fallen due and cannot be extended any more.
