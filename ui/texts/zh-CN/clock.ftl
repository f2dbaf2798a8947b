# 时钟用语。amount 为整数；hours、minutes 为已用时间；text 由 clock-amount-* 拼成。
clock-amount-working-days = { $amount ->
    [0] 不到 1 个工作日
   *[other] { $amount } 个工作日
 }
clock-amount-calendar-days = { $amount ->
    [0] 不到 1 天
   *[other] { $amount } 天
 }
clock-amount-working-hours = { $amount } 工作时
clock-amount-clock-hours = { $amount } 小时
clock-amount-minutes = { $amount } 分钟
clock-amount-months = { $amount } 个月
clock-amount-hours-minutes = { $hours } 时 { $minutes } 分
clock-left = 剩 { $text }
clock-over = 超 { $text }
clock-paused = 计时暂停 · 已用 { $text }
clock-deemed = 逾期视为{ $outcome }
clock-done-on-time = 按期，用时 { $text }
clock-done-late = 办结时超 { $text }
clock-none = 没有时限
clock-due = { $at } 到期
clock-basis = 依据：{ $text }
clock-promised = 承诺 { $text }
clock-statutory = 标准 { $text }
clock-both-limits = 承诺 { $promised } / 标准 { $statutory }
clock-extended = 已延期 { $times } 次，共 { $text }
clock-not-extended = 未延期
# 日期
at-date = { $date }
at-date-time = { $date } { $time }
at-today = 今天 { $time }
at-yesterday = 昨天 { $time }
date-day = { $month }月{ $day }日
date-full = { $year }年{ $month }月{ $day }日
date-month = { $year }年{ $month }月
date-weekday = { $date }（{ $weekday }）
before-time = { $at } 前
weekday-1 = 周一
weekday-2 = 周二
weekday-3 = 周三
weekday-4 = 周四
weekday-5 = 周五
weekday-6 = 周六
weekday-7 = 周日
month-1 = 1月
month-2 = 2月
month-3 = 3月
month-4 = 4月
month-5 = 5月
month-6 = 6月
month-7 = 7月
month-8 = 8月
month-9 = 9月
month-10 = 10月
month-11 = 11月
month-12 = 12月
yes = 是
no = 否
clock-both = { $promised } / { $limit }
