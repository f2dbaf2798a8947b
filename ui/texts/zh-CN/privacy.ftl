# 个人信息：删除、谁看过、本人权利、保存期限。
verb-erased = 个人信息已删除
erased-value = 已删除
erased-retention = 保存期限届满，系统删除
erased-by = 依据 { $number } 的决定删除
