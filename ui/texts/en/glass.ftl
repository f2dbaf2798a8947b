## Breaking the glass

title-glass = Emergency access
glass-lead = Only when a life is in danger and the case must be seen at once.
glass-number = Number of the case
glass-reason = Reason
glass-reason-help = Say whose life is in danger, by what, and why it must be seen now.
glass-submit = Look at it
glass-told = The reason goes into the journal, and those who watch over it and the person concerned are told at once. It is shown this once.
glass-unknown = There is no case with this number that you may look at this way. Check it and try again.
glass-reason-missing = Say why, in up to 1000 characters.
verb-break-glass = Emergency access
