# Residents who sign in with a code sent to their telephone
home-my = My reports
home-my-text = Sign in with your telephone: all your reports in one place
follow-my = Sign in with your telephone and see all your reports
title-my = My reports
title-my-sign-in = Sign in by telephone
my-sign-in-lead = A code is sent to your telephone. Then you see every report you left this number with, how far each is, and who read your data.
my-code-lead = A code was sent to { $phone }. It is good for { $minutes } minutes.
my-code-demo = No message is sent in this demonstration: it stands as the last line of sms.txt in its data folder.
my-without = You need not sign in: the number of a report and the last four digits of your telephone do as well.
my-lead = { $count ->
    [0] No report was left with { $phone }.
    [one] One report was left with { $phone }.
   *[other] { $count } reports were left with { $phone }.
  }
my-cases = Reports
my-cases-none = Nothing here yet.
my-cases-help = Shown is what anybody may report online and what was left with this number. What was reported without a telephone is found with its number and query code.
my-rights = Take along what is held in all your reports. Correction and erasure are asked for from each report, under “My data”.
my-csv = Download (table, CSV)
my-sign-out = Sign out
my-sign-out-all = Sign out everywhere
label-my-phone = Mobile number
label-my-phone-help = The number you left with your reports, eleven digits
label-my-code = Code from the message
label-my-code-help = Six digits. No message after a minute? Go back and have another sent.
submit-my-phone = Send a code
err-mobile = This is no mobile number: give eleven digits, such as 13912340016.
err-phone-code = { $left ->
    [0] The code is wrong and good no more. Go back and have another sent.
    [one] The code is wrong. One more try.
   *[other] The code is wrong. { $left } more tries.
  }
err-phone-code-over = This code is good no more, or none was sent. Go back and have another sent.
err-code-again = { $minutes ->
    [one] A code was sent a moment ago. Type it here, or have another sent in a minute.
   *[other] Too many codes were sent to this number. Type the last one here, or have another sent in { $minutes } minutes.
  }
sms-code = { $site }: { $code } is your code, good for { $minutes } minutes. Nobody who works here will ask you for it.
csv-number = Number
csv-matter = Matter
csv-opened = Reported at
csv-field = What
csv-value = Value
