# Words of the server itself: errors of requests, uploads, live news, the receipt
error-401-title = Sign in first
error-401-what = This is for staff. Sign in, and you come back here.
error-403-title = Your post may not do this
error-403-what = Nothing was done. Ask the person whose task it is, or act in another of your posts.
error-415-title = This is not a photo
error-415-what = Photos are taken (JPEG, PNG, WebP, GIF), whatever the file is called; nothing else was kept.
error-storage-title = Nothing could be saved
error-storage-what = The storage did not answer, so nothing was changed. What you typed is on the page before; try again in a moment.
err-file-pixels = “{ $name }” has too many pixels and was not accepted; send a smaller copy
err-files-not-taken = { $count ->
    [one] One file was not accepted. Everything else is kept; see beside the photos, then send again.
   *[other] { $count } files were not accepted. Everything else is kept; see beside the photos, then send again.
 }
flash-reporter-done = Done. The unit responsible has been told.
live-line = { $place }: { $title }, { $verb }
looked-purpose = handling this report
place-outside-datum = As entered the point lies outside. Read as { $datum } it would lie inside: set the coordinate system to { $datum } and look again.
sent-reply-later = You will see the promised day here once the report is registered
picture-synthetic = synthetic picture
