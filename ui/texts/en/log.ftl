## The public log of the journal

title-log = Public log
log-lead = Every step that is taken in this system is written into a journal that nothing is taken out of. The log lets anybody check that.
log-what = The log holds one hash for each line of the journal, in order. A hash says nothing about what the line says, yet not one character of the line can be changed later without everybody seeing it. Keep a copy, or ask a witness to sign what you saw.
log-size = Lines
log-name = Log
log-address-and-key = Address and public key
log-state = State
log-checkpoint = Signed state now
log-none = Nothing has been written yet.
log-how = How to check
log-how-text = The formats are those of c2sp.org (tlog-tiles, tlog-checkpoint, signed-note), so programs of other people work too. Get the public key once in a way you trust, keep it, and check every later copy against it.
log-privacy = No name, number, address or text is in the log. When somebody's data is erased, the log and every proof stay as they are.
log-deployment = This installation (packs)
