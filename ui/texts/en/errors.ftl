# Spoken by the server: form errors, refusals, error pages
err-required = Enter: { $label }
err-required-choice = Choose: { $label }
err-too-long = { $count } characters, at most { $max }. The whole text is kept; remove { $over }.
err-not-a-number = { $label } must be a number
err-out-of-range = { $label } must be from { $min } to { $max }
err-not-a-date = { $label } must be a date such as 2022-06-27
err-phone = A mobile number has 11 digits
err-category-retired = “{ $label }” is no longer in use; choose a current category
err-outside = The place is outside the city. Check the coordinates, or choose the place by name.
err-point-invalid = The coordinates could not be read; for example 116.83860 and 38.31060
err-place-needed = Tap the map, or choose a village by name
err-point-needed = Tap the map, or give the coordinates
err-photo-needed = At least one photo of the site is needed
err-file-too-big = “{ $name }” is { $size }, over { $max }, and was not accepted
err-file-not-image = “{ $name }” is not a photo and was not accepted
err-file-too-many = At most { $max } photos; the rest were not accepted
err-file-gone = “{ $name }” has expired; upload it again
err-not-found = Nothing found. Check both the number and the digits; they must belong together.
err-sign-in = { $left ->
    [one] Account or password is wrong, 1 try left
   *[other] Account or password is wrong, { $left } tries left
 }
err-locked = { $minutes ->
    [one] Too many wrong tries. Try again in 1 minute, or ask your administrator to lift the wait
   *[other] Too many wrong tries. Try again in { $minutes } minutes, or ask your administrator to lift the wait
 }
refused-title = Not done
refused-changed = { $who } acted on this at { $at }; its state is now “{ $state }”. Look again before you decide.
refused-not-allowed = Your post cannot take this step.
refused-same-person = A handler cannot verify their own work.
refused-closed = The case is closed and this step is no longer open.
refused-busy = The system is busy. Wait a few seconds and send again; what you typed is here.
error-404-title = This page was not found
error-404-what = The address may be wrong, or it lies outside your post.
error-413-title = Too much at once
error-413-what = What was sent is over { $max }. It was not accepted and nothing was changed. Go back and send fewer words or photos, or several times.
error-422-title = What was sent could not be read
error-422-what = It was incomplete or in another form than expected, and was not saved.
error-period-title = There is no such period
error-period-any-what = The period in the address cannot be read. It may be a month ({ $month }), a quarter ({ $quarter }), a year ({ $year }), a day ({ $day }), or two days joined by two dots.
error-period-one-what = { $of ->
    [day] This document is made for a day, such as { $now }, and not for one after today.
    [quarter] This document is made for a quarter, such as { $now }, and not for a later one.
    [year] This document is made for a year, such as { $now }, and not for a later one.
   *[other] This document is made for a month, such as { $now }, and not for a later one.
 }
error-csrf-title = The page was open for too long
error-csrf-what = For safety this was not accepted, and nothing was changed. Go back to the page, check what you typed and send it again.
error-429-title = Too many tries
error-429-what = { $seconds ->
    [one] Try again in 1 second.
   *[other] Try again in { $seconds } seconds.
 }
error-500-title = Something went wrong here
error-500-what = This is our fault and was recorded. Nothing is left half done.
error-503-title = The system is busy
error-503-what = { $seconds ->
    [one] There were too many requests and this one was not accepted. Try again in 1 second; what you typed is on the page before.
   *[other] There were too many requests and this one was not accepted. Try again in { $seconds } seconds; what you typed is on the page before.
 }
error-go-home = To the start
error-go-back = Back
error-go-desk = To the inbox
error-sign-in = Sign in again
flash-signed-out = You are signed out
flash-rated = Thank you, your rating is recorded
flash-done = { $number }: { $verb } done, now “{ $state }”
flash-bulk-done = { $done } done, { $refused } refused
