## 公开日志

title-log = 公开日志
log-lead = 本系统办理的每一步都记入只增不减的办理日志。任何人都可以通过公开日志核验办理记录未被改动。
log-what = 公开日志按顺序保存办理日志每一行的摘要值。摘要值不透露该行内容，但日后哪怕改动一个字符，都会被任何人发现。您可以留存一份副本，也可以请见证方对所见状态签名。
log-size = 行数
log-name = 日志
log-address-and-key = 地址、公钥
log-state = 状态
log-checkpoint = 当前签名状态
log-none = 尚无记录。
log-how = 如何核验
log-how-text = 数据格式采用 c2sp.org 公开规范（tlog-tiles、tlog-checkpoint、signed-note），第三方程序同样可以核验。请通过可信渠道取得一次公钥并妥善保存，此后每份副本均以该公钥核验。
log-privacy = 公开日志不含姓名、证件号码、电话、住址和任何正文。依法删除个人信息后，公开日志及已出具的证明不受影响。
log-deployment = 本系统（业务包）
