# Clock words. amount is a whole number; text is made from one of clock-amount-*.
clock-amount-working-days = { $amount ->
    [0] less than a working day
    [one] 1 working day
   *[other] { $amount } working days
 }
clock-amount-calendar-days = { $amount ->
    [0] less than a day
    [one] 1 day
   *[other] { $amount } days
 }
clock-amount-working-hours = { $amount ->
    [one] 1 working hour
   *[other] { $amount } working hours
 }
clock-amount-clock-hours = { $amount ->
    [one] 1 hour
   *[other] { $amount } hours
 }
clock-amount-minutes = { $amount ->
    [one] 1 minute
   *[other] { $amount } minutes
 }
clock-amount-months = { $amount ->
    [one] 1 month
   *[other] { $amount } months
 }
clock-amount-hours-minutes = { $hours } h { $minutes } min
clock-left = { $text } left
clock-over = { $text } over
clock-paused = paused, { $text } used
clock-deemed = deemed { $outcome }
clock-done-on-time = on time, { $text }
clock-done-late = closed { $text } late
clock-none = no limit
clock-due = due { $at }
clock-basis = Basis: { $text }
clock-promised = promised { $text }
clock-statutory = standard { $text }
clock-both-limits = promised { $promised } / standard { $statutory }
clock-extended = { $times ->
    [one] extended once, { $text }
   *[other] extended { $times } times, { $text }
 }
clock-not-extended = not extended
# Dates
at-date = { $date }
at-date-time = { $date }, { $time }
at-today = today { $time }
at-yesterday = yesterday { $time }
date-day = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
 }
date-full = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
 } { $year }
date-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
 } { $year }
date-weekday = { $weekday } { $date }
before-time = by { $at }
weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
yes = yes
no = no
clock-both = { $promised } / { $limit }
