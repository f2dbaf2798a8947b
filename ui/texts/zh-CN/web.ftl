# 服务端自己的话：请求出错、上传、实时动态、回执
error-401-title = 请先登录
error-401-what = 这一页供工作人员使用。登录后会回到这里。
error-403-title = 您的岗位不能做这一步
error-403-what = 没有做任何改动。请找负责的人办理，或切换到您的另一个岗位。
error-415-title = 这不是照片
error-415-what = 只收照片（JPEG、PNG、WebP、GIF），改了文件名也不行；没有保存其他内容。
error-storage-title = 没有保存成功
error-storage-what = 存储没有响应，什么也没有改动。您填写的内容还在上一页，请稍后再试。
err-file-pixels = “{ $name }”像素太多，没有收下；请换一张小一些的
err-files-not-taken = 有 { $count } 个文件没有收下，其余内容都已保留；请看照片旁的说明后再提交。
flash-reporter-done = 已提交，负责单位会收到。
live-line = { $place }：{ $title }，{ $verb }
looked-purpose = 办理这件上报
place-outside-datum = 按现在的坐标系，这个点在本市以外；按 { $datum } 读，它在本市以内。请把坐标系改成 { $datum } 再看一次。
sent-reply-later = 登记后在这里可以看到承诺的日期
picture-synthetic = 合成示意图
