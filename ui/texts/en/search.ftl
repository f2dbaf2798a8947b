# Search
title-search = Search
search-everything = Search cases and registers
search-hint = Number, place, unit, matter; from two characters
search-kinds = Where to search
search-all = All
search-cases = Cases
search-rows = Registers
search-order = Cases:
search-best = best first
search-newest = newest first
search-nothing = Nothing found
search-nothing-text = No case and no register your post reads holds all these words. Try fewer words, or remove a filter.
search-none-here = Nothing found in this part
search-more-cases = More cases
search-more-rows = More rows of registers
search-page = { $count } on this page
search-begin = Type what to look for
search-begin-text = All cases and registers your post reads are searched. Several words are separated by spaces and must all be there. Personal details are never searched.
filter-pack = Pack
api-search = Search by words
# Finding by the exact number that is sealed in a case or row
title-exact = Find by exact number
exact-link = Find by telephone or identity number
exact-lead = Finds cases and rows in which exactly this number stands sealed, where you may see it. What is found gets a line in its access log with your post and your purpose; the person can read that line.
exact-found = { $count ->
    [one] One found
   *[other] { $count } found
  }
exact-nothing = Nothing found
exact-nothing-text = Nothing you may open holds exactly this number.
label-exact-value = Telephone or identity number
label-exact-value-help = The whole number; parts find nothing.
label-exact-purpose = Purpose
label-exact-purpose-help = What you need it for, 4 to 200 characters. It is recorded and shown to the person.
submit-exact = Find
err-exact-value = Give the whole number, at most 40 characters.
err-exact-purpose = Say what you need it for, in 4 to 200 characters.
purpose-looked-up = Found by number: { $purpose }
