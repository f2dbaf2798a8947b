# 服务端用语：表单错误、办理被拒、错误页
err-required = 请填写{ $label }
err-required-choice = 请选择{ $label }
err-too-long = 写了 { $count } 个字，最多 { $max } 个。全文已保留，请删去 { $over } 个字。
err-not-a-number = { $label }要填数字
err-out-of-range = { $label }要在 { $min } 到 { $max } 之间
err-not-a-date = { $label }要填日期，例如 2022-06-27
err-phone = 手机号是 11 位数字
err-category-retired = “{ $label }”已停用，请改选现行类别
err-outside = 位置不在本市。请检查坐标，或者按名称选择地点。
err-point-invalid = 经度、纬度没有看懂，例如 116.83860 和 38.31060
err-place-needed = 请在地图上点一下，或按名称选到村（社区）
err-point-needed = 请在地图上点一下，或填写经纬度
err-photo-needed = 至少要一张现场照片
err-file-too-big = “{ $name }”有 { $size }，超过 { $max }，没有收下
err-file-not-image = “{ $name }”不是照片，没有收下
err-file-too-many = 最多 { $max } 张，多出的没有收下
err-file-gone = “{ $name }”已过期，请重新上传
err-not-found = 没有找到。请核对编号和手机后四位；两样要对上才能查看。
err-sign-in = 账号或密码不对，还可以再试 { $left } 次
err-locked = 输错次数过多，请 { $minutes } 分钟后再试，或请本单位管理员解除等待
refused-title = 没有办成
refused-changed = 这件事在 { $at } 已由{ $who }处理过，状态变为“{ $state }”。请看最新情况再决定。
refused-not-allowed = 您的岗位不能办这一步。
refused-same-person = 处置人不能核查自己的结果。
refused-closed = 案件已经结案，不能再办这一步。
refused-busy = 系统正忙，请稍等几秒再提交。您填的内容都在。
error-404-title = 没有找到这一页
error-404-what = 地址可能写错了，或者它不在您的岗位范围内。
error-413-title = 内容太大
error-413-what = 提交的内容超过了 { $max }，没有收下，也没有作任何改动。请返回后缩短文字、减少照片或分几次提交。
error-422-title = 没有看懂提交的内容
error-422-what = 提交的内容不完整或格式不对，没有保存。
error-period-title = 没有这一期
error-period-any-what = 地址里的期次（period）不能识别。可以写成一个月（{ $month }）、一个季度（{ $quarter }）、一年（{ $year }）、一天（{ $day }），或用 .. 连起来的起止两天。
error-period-one-what = { $of ->
    [day] 这份文书按日编制，期次写一天，如 { $now }，不能晚于今天。
    [quarter] 这份文书按季编制，期次写一个季度，如 { $now }，不能晚于本季度。
    [year] 这份文书按年编制，期次写一年，如 { $now }，不能晚于本年。
   *[other] 这份文书按月编制，期次写一个月，如 { $now }，不能晚于本月。
 }
error-csrf-title = 页面放得太久了
error-csrf-what = 为了安全，这次提交没有接受，也没有改动任何内容。回到原来的页面后请核对填过的内容，再提交一次。
error-429-title = 提交太频繁
error-429-what = 请过 { $seconds } 秒再试。
error-500-title = 系统出错了
error-500-what = 这是我们的问题，已经记录。没有提交成功的内容不会留下半截。
error-503-title = 系统正忙
error-503-what = 请求太多，这一次没有接受。请过 { $seconds } 秒再试；您的内容还在上一页。
error-go-home = 回首页
error-go-back = 返回上一页
error-go-desk = 回到待办
error-sign-in = 重新登录
flash-signed-out = 已退出登录
flash-rated = 谢谢，您的评价已记下
flash-done = { $number }：{ $verb }已完成，现在是“{ $state }”
flash-bulk-done = { $done } 件已办，{ $refused } 件没有办成
