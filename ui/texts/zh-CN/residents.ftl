# 用短信验证码登录的群众
home-my = 我的诉求
home-my-text = 手机号登录，查看本人反映的全部事项
follow-my = 用手机号登录，查看本人反映的全部事项
title-my = 我的诉求
title-my-sign-in = 手机号登录
my-sign-in-lead = 向您的手机发送验证码。登录后可查看用该号码反映的全部事项、办理进度，以及谁看过您的信息。
my-code-lead = 验证码已发往 { $phone }，{ $minutes } 分钟内有效。
my-code-demo = 演示环境不发送短信，内容见数据文件夹中 sms.txt 的最后一行。
my-without = 不登录也能查：凭编号和手机后四位即可查看进度。
my-lead = { $count ->
    [0] { $phone } 名下暂无反映事项。
   *[other] { $phone } 反映的事项共 { $count } 件。
  }
my-cases = 反映事项
my-cases-none = 暂无事项。
my-cases-help = 这里列出群众可在网上反映、且留有该手机号的事项；未留手机号的，凭编号和查询码查看。
my-rights = 可下载各事项中保存的本人信息。更正、删除请在各事项的“我的信息”中提出。
my-csv = 下载（表格 CSV）
my-sign-out = 退出登录
my-sign-out-all = 在所有设备上退出
label-my-phone = 手机号
label-my-phone-help = 反映时所留的11位手机号
label-my-code = 短信验证码
label-my-code-help = 6位数字。一分钟后仍未收到，请返回重新获取。
submit-my-phone = 获取验证码
err-mobile = 手机号不正确，请输入11位手机号，例如13912340016。
err-phone-code = { $left ->
    [0] 验证码不正确，已失效，请返回重新获取。
   *[other] 验证码不正确，还可以再试 { $left } 次。
  }
err-phone-code-over = 验证码已失效或尚未获取，请返回重新获取。
err-code-again = { $minutes ->
    [1] 刚刚已发送过验证码，请直接输入，或一分钟后重新获取。
   *[other] 该号码获取验证码次数过多，请输入最后一次收到的验证码，或 { $minutes } 分钟后重新获取。
  }
sms-code = 【{ $site }】验证码 { $code }，{ $minutes } 分钟内有效。工作人员不会向您索要验证码，请勿告知他人。
csv-number = 编号
csv-matter = 事项
csv-opened = 反映时间
csv-field = 项目
csv-value = 内容
