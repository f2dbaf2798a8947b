# Accounts: password, second factor, the log of sign-ins, the first administrator
title-account = My account
title-password = Change password
title-second = Second factor
title-sign-in-code = Second factor
title-setup = First administrator
title-admin-account-lines = Account log
sign-in-last = Last signed in at { $at } from { $address } ({ $agent }).
account-last = { $at } from { $address } ({ $agent })
account-last-help = If that was not you, change your password now and tell your administrator.
account-ways = How you sign in
label-code = Code
label-password-now = Password now
label-password-new = New password
label-password-again = Once more
submit-password = Change password
submit-second = Confirm and switch on
submit-second-codes = New recovery codes
submit-second-off = Switch the second factor off
submit-setup = Make the account
password-long = The password is too long, at most { $max } bytes
password-kinds = At least { $kinds } of these: small letters, capitals, digits, other characters
password-name = The name of the account may not stand in the password
password-guessed = Something everybody guesses stands in it (123456, password, one character four times); choose another
password-before = It may not be one of the last { $count } passwords
password-differs = The two passwords are not the same
password-changed = Your password was changed
password-since = Set { $at }.
password-days = { $days ->
    [one] It has to be changed every day.
   *[other] It has to be changed every { $days } days.
 }
password-must = Somebody else set this password, or it is too old. Choose one of your own first.
password-others-end = Sign-ins on your other devices end with the change.
err-password-now = { $left ->
    [one] The password is wrong, 1 try left
   *[other] The password is wrong, { $left } tries left
 }
err-code = { $left ->
    [one] The code is wrong, 1 try left
   *[other] The code is wrong, { $left } tries left
 }
err-code-wrong = The code is wrong. Check the clock of your phone and use the six digits it shows now.
err-code-needed = Enter the code
err-account-unfinished = Sign in on the web first and change the first password or set up the second factor, then use the interface.
second-lead = With a second factor, signing in takes six digits from an app on your phone besides the password. A stolen password is then not enough. Any app that supports TOTP will do.
second-must = Your post asks for a second factor. Set it up first.
second-needed = Your post asks for a second factor; it cannot be switched off.
second-none = Not set up.
second-set-up = Set it up
second-open = Manage
second-since = Since { $at }.
second-left = { $count ->
    [one] 1 recovery code is left.
   *[other] { $count } recovery codes are left.
 }
second-scan-title = 1. Scan the code
second-scan-help = Open an authenticator app on your phone (any that supports TOTP) and scan this code.
second-qr = Square code for the authenticator app
second-spelled = If it cannot be scanned, type this key:
second-confirm-title = 2. Enter the digits of the app
second-confirm-help = Enter the six digits the app shows now, to confirm that the phone has the key.
second-codes-title = Keep your recovery codes
second-codes-help = When the phone is lost, each of these stands for a code once. Write them down or print them and keep them safe; they are not shown again.
second-go-on = I have kept them, go on
second-renew-title = New recovery codes
second-renew-help = The old ones are void at once. Enter a code of the app or a recovery code.
second-off-title = Switch the second factor off
second-off-help = The password alone will then do. Enter a code of the app or a recovery code.
second-off-done = The second factor is off
second-code-help = Open the app on your phone and enter the six digits it shows, or enter a recovery code.
second-lost-help = Without phone and recovery codes, ask your administrator.
second-late = That took too long; sign in again
setup-lead = This installation has no account yet. The one made here administers all of { $place } and makes the others.
setup-help = The link is good once. Set up a second factor under “My account” afterwards.
sessions = Where you are signed in
sessions-lead = If you do not know a device, sign it out and change your password.
sessions-none = Not signed in anywhere
sessions-end-others = Sign out the other devices
sessions-end-all = Sign out everywhere, here as well
sessions-end-everywhere = Sign out everywhere
sessions-ended = { $count } sign-ins were ended
session-ended = The sign-in was ended
session-agent = Device
session-address = From address
session-begun = Signed in
session-seen = Last used
session-until = Lasts until
session-end = Sign out
session-current = here
session-unknown = unknown
account-lines = Account log
account-lines-lead = Latest sign-ins and changes of the account.
account-lines-all-lead = Sign-ins and changes of the accounts you administer, newest first, kept for 200 days.
account-lines-none = No lines
account-lines-earlier = Earlier lines
account-line-at = When
account-line-what = What
account-line-by = by { $account }
account-line-minutes = { $minutes } min
account-line-in = Signed in
account-line-in-by-recovery = Signed in with a recovery code
account-line-wrong-password = Wrong password
account-line-wrong-code = Wrong code
account-line-waits = Too many wrong tries, a wait began
account-line-unlocked = The wait was lifted
account-line-out = Signed out
account-line-ended = Sign-ins ended
account-line-password-changed = Password changed
account-line-password-reset = Password was reset
account-line-second-on = Second factor switched on
account-line-second-off = Second factor switched off
account-line-second-codes = New recovery codes
account-line-created = Account made
account-line-disabled = Account disabled
account-line-enabled = Let in again
account-line-post-given = Post given
account-line-post-ends = Post ends
account-line-handed-over = Open work handed over
account-line-absence = Absence and deputy
account-waits = { $minutes ->
    [one] Too many wrong tries; another may be made in 1 minute.
   *[other] Too many wrong tries; another may be made in { $minutes } minutes.
 }
account-unlock = Lift the wait
account-unlocked = The wait was lifted; they may sign in now
account-reset = Reset password
account-reset-help = Gives a first password, shown once. The person has to change it at the next sign-in, and is signed out everywhere.
account-first-title = First password of { $account }
account-first-help = Tell it to the person face to face or by a way you trust. It is not shown again.
account-second-off = Switch the second factor off
account-must-change = To be changed at the next sign-in.
account-no-password = No password: cannot sign in with one.
account-never = Never signed in
account-not-yours = This person also holds a post outside what you administer; the administrator above sees to the account.
account-no-posts = No posts
post-from = From
post-until = Until
post-open-end = open
post-holds = holds it
post-later = not yet
post-over = over
post-ends = holds it, end is set
post-end = End
post-give = Give a post
