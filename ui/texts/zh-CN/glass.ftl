## 紧急查看

title-glass = 紧急查看
glass-lead = 仅限生命安全受到威胁、必须马上了解案件情况时使用。
glass-number = 案件编号
glass-reason = 理由
glass-reason-help = 写明谁的生命安全受到什么威胁、为什么必须现在查看。
glass-submit = 紧急查看
glass-told = 理由记入办理日志，系统立即通知监督岗和当事人；内容只显示这一次。
glass-unknown = 没有可以紧急查看的这一编号，请核对后再试。
glass-reason-missing = 请写明理由（1000字以内）。
verb-break-glass = 紧急查看
