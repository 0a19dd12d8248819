"""English."""

from typing import Final

from backend.leads.languages.base import Language

_UNITS = dict(
    zip(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split(),
        range(1, 20),
        strict=True,
    )
) | {
    word: 10 * n
    for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_WHO = (
    "colleagues?|coworkers?|co-workers?|client|customer|neighbou?rs?|friends?|mates?|buddy|brother|sister|mother|father|"
    "mom|mum|dad|wife|husband|cousin|uncle|aunt|nephew|niece|business partner|predecessor|landlord|supplier|vendor|"
    "competitors?|competition|rivals?|consultant|provider|girlfriend|boyfriend|roommate|guy|lady|parent company|"
    "sister company|mother-in-law|father-in-law|tenant|bank|others|buddies|pal|acquaintance|relative|agency"
)
_STAFF = "assistant|secretary|receptionist|accountant|lawyer|intern|sales rep|account manager|contact|teacher|parent|agent|hire|new hire|employee"

ENGLISH: Final = Language(
    code="en",
    common="the a an and is are we i you our my to of for in on it that this have has had with at be would like need im "
    "us do does can could not no your me they what how by will from was there so just or if please want than but about",
    units=_UNITS,
    powers={
        "hundred": 100,
        "thousand|grand": 1000,
        "million|mil|mill": 10**6,
        "billion": 10**9,
        "lakhs?": 10**5,
        "crores?": 10**7,
    },
    number_and="and",
    zero="zero|oh|o|nought|naught",
    twice="double",
    fourth="(?:a )?quarter(?: of a)?|(?:a )?quarter-",
    half="half a|half|a half",
    groups={"(?:a |half a )?couple of dozen": 24, "half a dozen": 6, "(?:a |one )?dozen": 12, "two dozen": 24,
            "three dozen": 36},
    to="to|until|or|through|up to",
    between="between|from|anywhere from|somewhere between",
    both="and",
    first="i|we|i'm|we're|i've|we've|i'd|we'd|i'll|we'll|im|ive|weve|my|our|mine|ours|me|us|myself|ourselves",
    first_object="me|us",
    negation="no|not|never|none|nobody|don't|dont|doesn't|doesnt|didn't|didnt|isn't|isnt|aren't|arent|won't|wont|can't|"
    "cant|cannot|couldn't|wouldn't|haven't|havent|hasn't|hasnt|hadn't|wasn't|weren't|nor|neither|nothing|ain't|"
    "no longer|zero",
    asks="what|whats|what's|which|who|whose|whom|where|when|why|how|is|are|was|were|does|did|would|should|will|"
    "(?:do|can|could|shall|may|might|has|have|had|don't|can't|couldn't|wouldn't) (?:you|i|we|it|this|that|they|he|she|"
    "there|the|your|my|our|any|anyone|someone|a|an|one|people)|am i|isn't|aren't|doesn't|any chance|"
    "anyone know|suppose|and if|what if",
    asks_not="would (?:like|love|prefer|need|want)|(?:what|when|where|how|who|which|whatever) (?:we|i|i'd|we'd|we're|i'm|our|my|matters)|will be|would be|could be|"
    "might be|may be|may (?:the )?\\d+|do (?:note|call|not|send|ring)|have a|don't|may|march",
    requests="(?:can|could|would|will|may|might) (?:you|i|we|someone|somebody|anyone) (?:please |maybe |possibly |kindly )?"
    "(?:send|mail|email|e-mail|call|ring|phone|text|reach|contact|quote|offer|get|have|help|set|book|schedule|drop|reply|"
    "write|forward|put|ping|note|use|change|update|make|correct)|would you mind",
    supposed="if(?! (?:all|possible|everything|that's|needed|not|approved|it works|you))|suppose|supposing|imagine|imagining|pretend|hypothetically|let's say|lets say|say we|assume|assuming|"
    "for example|for instance|e\\.g\\.|dream|dreaming|in theory|theoretically|were to|"
    "had we|i wish|we wish|wish we had|if only|joke|joking|kidding|just kidding",
    wished="would be (?:nice|great|lovely|sweet|amazing|a dream)|i wish|if only",
    outsiders=rf"(?<!i'm )(?<!im )(?<!i am )(?<!as )(?<!is )(?:my|our|a|an|the|another|one|his|her|their|some)"
    rf"(?: (?!and )[\w-]+)? (?:{_WHO})(?:'s)?|(?:my|our|his|her|their|your) (?:\w+ )?(?:{_STAFF})(?:'s)?|competitors?|(?!(?:boss|board|finance|management|cfo|ceo|i|we|treasurer|director|manager|committee|owner) )[\w-]+ (?:said|says|told|asked|charges|pays|makes|earns)|"
    "next door|other (?:vendors?|companies|providers?)",
    superiors="(?:my|our|the) (?:[\\w-]+ )?(?:boss|board|cfo|ceo|management|director|manager|treasurer|owners?|chief|"
    "supervisor|controller|trustees|committee|finance)|(?:finance|procurement|purchasing|leadership|head office)(?= (?:gave|gives|said|says|approved|cut|trimmed|wants|has|will|won't|allows?|only|just|told))",
    they="he(?!/)|she(?!/)|they(?!/)|(?<!/)him|(?<!/)them|his|(?<!/)her|hers|their|theirs|he's|she's|they're|they've|somebody|someone|others|other people",
    gives="(?:gave|give|gives|given|granted|allow|allowed|allows|approved|assigned|handed|allotted|allocated) (?:me|us)|let (?:me|us)",
    past="used to|previously|formerly|last (?:year|month|week|quarter|spring|summer|autumn|fall|winter|time)|years? ago|"
    "months? ago|weeks? ago|days? ago|back in|back then|in the past|yesterday|once had|at the time|"
    "was|were|had|paid|cost us|spent|lost|left|before that|in (?:19\\d\\d|200\\d|201\\d)|until recently|originally",
    yours="your (?:address|post|article|story|testimonial|chat|reference|webpage|site|website|web site|homepage|page|price list|pricing|plan|plans|ad|ads|brochure|newsletter|blog|"
    "competitor|competitors|ceo|founder|colleague|sales|company|invoice|offer|quote|leaflet|video|terms|docs?|banner|"
    "case study|email|e-mail|mail|bot|number|hotline|support|price|prices|table|flyer|salesperson|rep)|you (?:say|said|"
    "claim|charge|charged|advertise|quoted|wrote|promise|promised|sent|offer|offered|raised|list)|you're charging",
    orders="from now on|ignore (?:all|your|the|any|every|previous)|disregard|system prompt|every visitor|all visitors|"
    "each visitor|you are now|you must|instructions?|set the (?:budget|name|email|lead|field|phone|company)|"
    "store (?:the|my|this|that)|save (?:the|this|that) (?:lead|field)|record (?:the|this|that|a) (?:lead|budget|name)|"
    "act as|roleplay|role-play|repeat after me|write down that|pretend|fill in|placeholder|the field",
    but="but|although|though|however|whereas|while|because|since|so|which|who|and (?:i|we|my|our|need|want|would|they|he|"
    "she|it|you|can|please)|that's|then",
    correction="actually|sorry|correction|scratch that|i meant|i mean|no wait|wait|rather|make that|make it|instead|oops|"
    "my mistake|typo|misspoke|mistyped|update|changed|now it's|it's now|revised|in fact|should be|should have been|"
    "not .{1,20} but|bumped|cut|trimmed|raised|dropped to|down to|up to|moved to|pushed|slipped|postponed|delayed|"
    "taking over|taken over|took over|renamed|turns out|better|anymore|any more|on second thought|misread|what we'd really|what i'd really|really use|forget",
    withdrawal="forget|ignore|scrap|strike|scratch|disregard|drop|delete|remove|never ?mind|withdraw|erase|cancel|"
    "take (?:that|it) back|doesn't (?:hold|apply|count)|no longer (?:applies|holds|valid)|is off|off the table|"
    "don't (?:have|use) .{0,20}any ?more|gone|frozen",
    yes="yes|yep|yeah|yup|sure|of course|correct|right|exactly|absolutely|definitely|indeed|affirmative|we do|i do|we are|"
    "it is|ok|okay",
    no="no|nope|nah|not really|not yet|negative|we don't|i don't|we do not|neither|never",
    at="at",
    dot="dot|period|point",
    underscore="underscore",
    dash="dash|hyphen|minus",
    extension="ext|extn|extension|x",
    not_email="cc|bcc|in copy|copy|copied|old address|no longer|bounces|not mine",
    preferred="preferably|prefer|preferred|best|better|rather",
    not_phone="fax|telefax|order|invoice|ticket|customer|account|iban|card|credit card|visa|mastercard|passport|ssn|"
    "social security|tax|vat|serial|tracking|case|reference|ref|booking|policy|license no|licence no|part|sku|model|"
    "po number|your (?:number|line|hotline|support)|hotline|receptionist|reception|switchboard|not me|wrong number|"
    "don't (?:call|ring|use|phone)|do not (?:call|ring|use|phone)|old number|no longer|disconnected|id number|isbn|member",
    countries={
        "u\\.?s\\.?a?\\.?|united states|america|american": "US",
        "u\\.?k\\.?|united kingdom|britain|british|england|english|scotland|wales": "GB",
        "canada|canadian": "CA",
        "australia|australian|aussie": "AU",
        "ireland|irish": "IE",
        "germany|german": "DE",
        "austria|austrian": "AT",
        "switzerland|swiss": "CH",
        "france|french": "FR",
        "belgium|belgian": "BE",
        "spain|spanish": "ES",
        "mexico|mexican": "MX",
        "israel|israeli": "IL",
        "italy|italian": "IT",
        "portugal|portuguese": "PT",
        "netherlands|dutch|holland": "NL",
        "sweden|swedish": "SE",
        "norway|norwegian": "NO",
        "denmark|danish": "DK",
        "poland|polish": "PL",
        "india|indian": "IN",
        "new zealand": "NZ",
        "singapore": "SG",
        "japan|japanese": "JP",
        "brazil|brazilian": "BR",
        "south africa": "ZA",
    },
    budget="budget|budgets|budgeted|budgeting|spend|spending|afford|afforded|allocate|allocated|earmarked|set aside|"
    "put aside|invest|investing|authori[sz]ed?|approved?|signed off|sign-off|sign off|ceiling|cap|capped|limit|"
    "price range|range|on the table|to work with|to play with|put in|put up|pay|purse|pot|funds|funding for this|"
    "go as high as|stretch|war chest|kitty|available|at our disposal|for this|for it|comfortable with|willing|ready to|"
    "happy to pay|cleared for|greenlit|green-lit|scraped together|reserved|give me|gave me|gives me|gave us|given us|"
    "given me|trimmed me|make it|make that|aim for|aiming for|shoot for|all in|total|price tag|we have|we've got|i have|"
    "i've got|got|release|released",
    budget_given="budget(?:ed)?|finance|gave (?:me|us)|given (?:me|us)|trimmed|set aside|put aside|approved|was told|"
    "authori[sz]ed|we have|i have|earmarked|allocated|cut|got",
    at_most="cheaper than|the most|most (?:i|we) can|and not a|up to|at most|max|maximum|max\\.|no more than|not more than|nothing over|nothing above|less than|under|below|"
    "tops|top|cap|capped at|ceiling|limit|limited to|not exceed|not to exceed|can't exceed|cannot exceed|mustn't exceed|"
    "within|as high as|not a (?:cent|penny) (?:more|over)|not over|never more than|anything over|at the most|cap of",
    at_least="at least|min|minimum|min\\.|from|starting at|no less than|not less than|upwards of|more than|over|above|or more",
    hedges="please|pls|thanks|sometime|some time|hopefully|latest|about|around|roughly|approximately|approx\\.?|circa|ca\\.?|some|nearly|almost|maybe|perhaps|probably|ideally|"
    "say|like|close to|in the region of|ballpark|give or take|something like|just|only|exactly|currently|the",
    not_budget="revenue|revenues|turnover|sales of|raised|raising|series [a-d]|seed|venture|funding round|investors?|valuation|"
    "valued at|salary|salaries|wage|wages|payroll|earns?|earned|earning|makes|rent|profit|loss|losses|debt|loan|"
    "mortgage|fined|a fine|grant of|quoted|quote of|offered|offers|charges?|charged|costs?|prices?(?! range)|priced|deposit|refund|money back|reimburse\\w*|invoice|"
    "invoiced|bill|billed|fee|paying|pays|worth|bonus|saves?|saved|savings|in sales|donation|donated|stolen|discount|"
    "competing|competitor|other vendor|another vendor|elsewhere|bid|contract value|deal size|ticket|insurance|"
    "annual report|market cap|gross|net income|list price|each|apiece|a piece|lottery|won|inherited|prize|turn over|"
    "per (?:seat|user|head|person)|monthly recurring|mrr|arr",
    per_unit="seat|user|head|person|employee|licen[cs]e|member|agent|device|hour|day|night|ticket|item|piece|unit|room|"
    "vehicle|desk|student|kid|child|pop|call|message|page|document|transaction|minute|gb|customer|each|apiece",
    taxes="plus vat|excl\\.? vat|ex vat|incl\\.? vat|inc vat|before tax|after tax|plus tax|net|gross|cash|in total|total|"
    "all in|flat",
    month="(?:a|per|each|every|the|/)\\s?(?:month|mo|mth)|/\\s?(?:month|mo|mth)|monthly|pcm|a mo",
    year="(?:a|per|each|every|the|/)\\s?(?:year|yr|annum)|/\\s?(?:year|yr)|yearly|annually|annual|p\\.?a\\.?|a yr",
    once="one-off|one off|once|one-time|one time|lump sum|single payment|upfront|up front|up-front|only once",
    months={
        "january|jan": 1, "february|feb": 2, "march|mar": 3, "april|apr": 4, "may": 5, "june|jun": 6,
        "july|jul": 7, "august|aug": 8, "september|sept|sep": 9, "october|oct": 10, "november|nov": 11,
        "december|dec": 12,
    },
    weekdays={
        "monday|mon": 0, "tuesday|tues|tue": 1, "wednesday|wed": 2, "thursday|thurs|thur|thu": 3, "friday|fri": 4,
        "saturday|sat": 5, "sunday": 6,
    },
    ordinal="st|nd|rd|th",
    ordinals=dict(
        zip(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
            range(1, 21),
            strict=True,
        )
    )
    | {"twenty-first": 21, "twenty-second": 22, "twenty-third": 23, "twenty-fourth": 24, "twenty-fifth": 25,
       "twenty-sixth": 26, "twenty-seventh": 27, "twenty-eighth": 28, "twenty-ninth": 29, "thirtieth": 30,
       "thirty-first": 31},
    of="of|in|of the|the",
    parts={
        "(?:the )?(?:very )?end|close|the last day": "end",
        "early|(?:the )?(?:beginning|start)(?= of)": "early",
        "mid|middle|the middle": "mid",
        "late": "late",
    },
    time_units={"days?": "day", "weeks?|wks?": "week", "months?": "month", "quarters?": "quarter", "years?": "year"},
    spans={"(?:a |one )?fortnight": ("week", 2), "(?:a )?couple of weeks": ("week", 2), "(?:a )?couple of months": ("month", 2),
           "half a year": ("month", 6), "a year and a half": ("month", 18)},
    this="this|the current|current|the|this coming|coming",
    next="next|the following|the next|the coming",
    next_weekday="week",
    ahead="in|within|over|in the next|within the next|inside|in about|in around|in roughly|in under|within about",
    ahead_after="from now|from today|hence|time|out",
    days={"today": 0, "tonight": 0, "tomorrow": 1, "the day after tomorrow": 2},
    quarter="q|quarter",
    halves={"first half|h1|1h": 1, "second half|h2|2h": 2},
    feasts={
        "christmas eve": (12, 24), "christmas|xmas": (12, 25), "new year's eve": (12, 31),
        "new year's day|new year's|new year|new years": (1, 1), "halloween": (10, 31), "valentine's day": (2, 14),
    },
    seasons="spring|summer|autumn|fall|winter|easter|thanksgiving|black friday|the holidays|ramadan|hanukkah|passover",
    soon="asap|a\\.s\\.a\\.p\\.?|as soon as possible|immediately|right away|straight away|urgently|urgent|at once|"
    "as soon as we can|as soon as you can|the sooner the better|right now|as quickly as possible",
    part_year="(?:the )?(?:year's end|year-end|year end|end of (?:the |this )?year|eoy|the turn of the year)",
    day_of_month="the \\d{1,2}(?:st|nd|rd|th)",
    single="a|an|one",
    next_week_day="next week(?: on)?|week after next",
    doubtful="may|march|mar|sat|wed|mon|fall|spring|dec|jan",
    on="in|by|of|until|till|before|this|next|mid|early|late|from|for|during|since|the|over|around|mid-|come|on|end|or|to",
    next_year="next year",
    since="from|starting|starting from|beginning|as of|as from|effective|from the|starting in|starting on",
    starting="before|ahead of|prior to",
    buying="by|before|until|till|live|go live|going live|go-live|launch|launching|launched|start|starting|starts|begin|"
    "deadline|due|ready|need|needed|want|wanted|decide|deciding|decision|buy|purchase|order|sign|signing|switch|roll out|"
    "rollout|roll-out|implement|install|installed|in place|up and running|running|deploy|deliver|delivery|deliverable|"
    "open|opening|plan|planning|target|aim|aiming|hope|hoping|kick off|kickoff|kick-off|onboard|migrate|move|moving|"
    "timeline|timeframe|time frame|expect|purchase order|no later than|not later than|latest|hoped|we'd like|finish|"
    "wrap up|complete|completed|done|set up|use it|using it|in use|ideally|date|make it|make that|pilot|replace",
    not_timeline="call me|ring me|call back|call us|phone me|reach me|write back|write to me|write me|reply|get back|"
    "email me|mail me|text me|speak|talk to|chat|meet|meeting|webinar|away|holiday|vacation|on leave|"
    "out of (?:the )?office|back (?:on|in|at)|born|birthday|party|wedding|anniversary|concert|festival|since|founded|"
    "established|expires?|expired|expiring|contract ends|contract runs|runs until|runs out|renewal|invoice|delivered on|"
    "ordered|bought|cancelled|canceled|signed up|signed|joined|yesterday|ago|last|closed|visit|trip|flight|conference|"
    "interview|ended|was|were|outage|broke|happened|sent|arrived|received|open from|opening hours|quit|retire|retires|"
    "hours|every|each|usually|always|price goes|prices go|ask again|check back|be back|warranty|dentist|game|match",
    anybody="people|persons?|folks|members?|men|women|guys|girls|ladies|souls|volunteers|heads?",
    using="(?:of (?:them|us|those|these) )?(?:who )?(?:would |will |'ll |'d |really |actually |to )*(?:need (?:access|it|a login|an account)|use it|use this|be using|using it|log in|work with it|get access|need to log in)",
    weak_team="for|with",
    people="people|persons?|staff|employees?|colleagues|workers?|heads?|folks|team members?|members of staff|members?|"
    "crew|headcount|fte|ftes|souls|hands|of us|men|women|guys|girls|ladies|volunteers|partners|associates|"
    "contractors|freelancers|engineers|developers|devs|designers|teachers|nurses|doctors|drivers|agents|reps|"
    "technicians|mechanics|cooks|chefs|waiters|waitresses|bakers|analysts|consultants|lawyers|attorneys|paralegals|"
    "accountants|bookkeepers|managers|directors|clerks|cashiers|salespeople|sellers|writers|editors|researchers|scientists|"
    "guards|officers|pilots|couriers|dispatchers|planners|carpenters|plumbers|electricians|painters|roofers|gardeners|"
    "stylists|hairdressers|barbers|dentists|hygienists|therapists|physios|coaches|trainers|instructors|tutors|"
    "caregivers|carers|cleaners|operators|fitters|welders|machinists|builders|surveyors|architects|interns|apprentices|"
    "trainees|assistants|secretaries|receptionists|librarians|vets|pharmacists|photographers|translators|recruiters|"
    "supervisors|foremen|pickers|packers|loaders|farmhands|rangers|brewers|tailors|seamstresses|"
    "(?:support|sales|service|office|field|admin|warehouse|kitchen|shop|part-time|full-time) (?:people|staff|agents|reps|"
    "workers|engineers)",
    users="users?|seats?|licen[cs]es?|logins?|accounts?|log-ins?",
    not_people="customers?|clients?|devices?|vehicles?|cars?|vans?|trucks?|lorries|desks?|tables?|chairs?|rooms?|beds?|"
    "kids?|children|pupils?|students?|guests?|visitors?|patients?|years?|subscribers?|followers?|residents|inhabitants|"
    "households|tenants|attendees|readers|members? club|fans|applicants|candidates|orders?|tickets?|stores?|shops?|"
    "branches|locations|offices|printers?|computers?|laptops?|phones?|servers?|machines?|sensors?|cameras?|pages|documents|"
    "products|articles|countries|cities|days|weeks|months|hours|minutes|percent|km|miles|kg|floors|parents|dogs|cats|"
    "horses|cows|animals|emails|messages|calls",
    not_team="hiring|hire|recruit|recruiting|town|city|village|population|inhabitants|country|asked|serve|serving|served|reach|audience|met|invited|trained|"
    "teach|teaching|hotel|school of|funeral|per day|a day|daily|attendance|competitors?|used to|laid off|fired|quit",
    we_are="we are|we're|we were|we'll be|we'd be|we will be|we would be|we number|we count|we employ|employ|employing|"
    "we have|we've got|i have|i employ|total of|are now|we're now|we are now",
    of_us="of us|of them|in total|in all|altogether|strong|all told|in the team|on the team|in my team|on my team|"
    "in our team|in the office|at the moment",
    team_of="(?:we're|we are|is) an? \\w+ of|team of|staff of|crew of|group of|family of|department of|firm of|company of|office of|workforce of|"
    "squad of|practice of|outfit of|shop of|headcount of|headcount is|headcount:|team size|team:|users:|seats:|"
    "size:|employees:|people:|staff:|licenses:|licences:|headcount|team is|sized at",
    and_i="and i|and me|and myself|plus me|plus myself",
    my_name="my name is|my name's|my names|name is|name's|the name's|the name is|i am called|i'm called|they call me|"
    "people call me|call me|everyone calls me|known as|name|full name|contact name|contact person|ask for|"
    "attn|attention|signed|who|surname is|last name is|first name is|my full name is|you can call me|"
    "speaking with|you're speaking to|you're talking to|talking to",
    i_am="i am|i'm|im|this is|it's|it is|its|here is|here's|i,",
    here="is my name|is the name|is what they call me|here|speaking|this side|on the line|writing|again|over here",
    greetings="hi|hello|hey|hi there|hello there|hey there|good (?:morning|afternoon|evening|day)|dear (?:team|all|sir|madam|"
    "sirs|sir or madam|sales|support)|greetings|howdy|morning|yo|team|to whom it may concern|afternoon",
    closings="(?:kind |best |warm |warmest |many )?(?:regards|wishes|thanks)|best|cheers|sincerely|yours (?:truly|sincerely|"
    "faithfully)|yours|thank you|thx|thanks(?: a lot| so much| again| in advance)?|ta|br|kr|respectfully|sent by|love|signed",
    titles="lt|sgt|col|maj|gen|hon|fr|sr|jr|dr|mr|mrs|ms|miss|mx|prof|professor|sir|madam|rev|capt|captain|ing|eng",
    particles="van|der|den|de|la|le|du|von|zu|bin|ibn|al|el|da|di|dos|das|del|ter|ten|y|e|af|av|st|o",
    works_surely="(?:i|we) work (?:at|for)|working (?:at|for)|employed (?:at|by)|on behalf of|i'm with|im with|here at|i run|we run|i own|"
    "payable at|(?:i|we) (?:\\w+ ){1,4}at",
    works_at="work (?:at|for|with)|working (?:at|for|with)|employed (?:at|by|with)|on behalf of|representing|represent|"
    "teach at|study at|volunteer (?:at|for)|based at|consult for|writing for|writing from|calling from|here at|we at|us at|over at|here from|emailing from|"
    "asking for|(?:i|we) (?:handle|do|manage|oversee|cover|buy|purchase|head|lead|teach) (?:\\w+ ){1,3}(?:at|for)|(?:i'm|im|i am|we're|we are) (?:at|with|from|over at)|run|runs|running|own|founded|co-founded|join(?:ed)?|greetings from",
    of_company="at|of|for|with|from|@",
    own_kind="(?:my|our|the|a|this)(?: [a-z-]+){0,2} (?:clinic|school|academy|bakery|shop|studio|agency|farm|restaurant|cafe|hotel|club|church|practice|gym|salon|brewery|foundation|museum|library|association|nonprofit|startup|start-up|company|company|business|organi[sz]ation|store|firm|charity|team)(?: is|,? called|,? named|'s called|,| -)?",
    we_as="we are|we're|our company is|our company's called|our company is called|company is called|the company is|"
    "company name is|company's name is|our firm is|my company is|my business is called|our business is called|"
    "business is called|it's called|is called|called|company|firm|organi[sz]ation|organi[sz]ation is|employer|business|"
    "where|org|company name|our name is|trading as|dba",
    organisations="bank|club|clinic|school|academy|college|university|hospital|hotel|hostel|inn|bakery|brewery|dairy|farm|"
    "farms|foods|foundation|institute|library|museum|theatre|theater|trust|society|association|council|church|studio|"
    "studios|labs?|group|partners|holdings?|industries|logistics|solutions|systems|technologies|tech|software|consulting|"
    "services|works|motors|airlines|shipping|haulage|transport|freight|energy|wind|solar|insurance|capital|media|press|"
    "publishing|books|pharma|pharmacy|dental|medical|health|care|construction|builders|roofing|plumbing|electric|"
    "engineering|architects|design|designs|textiles|fashion|furniture|joinery|glass|glassworks|ceramics|paper|printing|"
    "print|prints|cereals|coffee|tea|wines|vineyard|winery|spirits|catering|restaurant|cafe|market|markets|stores|shop|"
    "supply|supplies|tools|robotics|aerospace|marine|boats|yachts|cycles|bikes|travel|tours|properties|estates|realty|"
    "legal|law|accounting|associates|agency|marketing|digital|games|toys|pets|garden|gardens|nursery|nurseries|"
    "charity|ministry|authority|department|county|university|kindergarten|gym|fitness|yoga|salon|spa|company|co",
    former="used to work|used to be|formerly|former|ex-|no longer|don't work|left|worked (?:at|for)|quit|fired",
    roles="ceo|cto|cfo|coo|cmo|cio|ciso|cpo|chro|vp|svp|evp|founder|co-?founder|owner|co-owner|proprietor|president|"
    "vice president|chair|chairman|chairwoman|chairperson|treasurer|secretary|director|managing director|partner|"
    "managing partner|manager|lead|head|chief|principal|headteacher|headmaster|dean|rector|supervisor|foreman|"
    "coordinator|co-?ordinator|administrator|admin|officer|specialist|consultant|analyst|engineer|developer|programmer|"
    "architect|designer|assistant|associate|executive|buyer|purchaser|planner|controller|accountant|bookkeeper|auditor|"
    "lawyer|attorney|solicitor|paralegal|notary|nurse|doctor|physician|surgeon|dentist|vet|veterinarian|pharmacist|"
    "therapist|psychologist|physiotherapist|teacher|lecturer|professor|researcher|scientist|student|phd student|"
    "librarian|curator|journalist|editor|writer|author|copywriter|photographer|translator|interpreter|artist|"
    "illustrator|musician|conductor|actor|producer|carpenter|plumber|electrician|mechanic|technician|welder|baker|"
    "butcher|chef|cook|waiter|waitress|barista|bartender|brewer|winemaker|farmer|gardener|florist|hairdresser|barber|"
    "beautician|tailor|bookbinder|bookseller|shopkeeper|landlord|landlady|caretaker|janitor|cleaner|driver|courier|"
    "dispatcher|pilot|captain|sailor|fisherman|firefighter|police officer|soldier|guard|midwife|social worker|carer|"
    "caregiver|coach|trainer|instructor|tutor|recruiter|receptionist|clerk|cashier|salesperson|salesman|saleswoman|"
    "seller|broker|agent|estate agent|realtor|surveyor|builder|contractor|freelancer|intern|apprentice|trainee|"
    "volunteer|priest|pastor|vicar|rabbi|imam|mayor|councillor|beekeeper|potter|jeweller|jeweler|watchmaker|optician|"
    "product owner|scrum master|sysadmin|data protection officer|bursar|registrar|warden|ranger|undertaker|goldsmith|"
    "blacksmith|locksmith|roofer|painter|mason|glazier|joiner|cabinetmaker|luthier|upholsterer|luthier|comptroller",
    role_parts="board|committee|club|department|division|freelance|self-employed|independent|retired|part-time|full-time|"
    "certified|licensed|grade|primary|secondary|high|senior|junior|deputy|assistant|associate|vice|managing|general|executive|regional|global|chief|head|lead|"
    "principal|interim|acting|technical|medical|commercial|creative|operations?|sales|marketing|finance|financial|hr|"
    "human resources|people|product|project|program|programme|purchasing|procurement|logistics|warehouse|facility|"
    "facilities|office|account|accounts|customer|client|support|service|success|it|data|software|hardware|network|"
    "security|quality|production|plant|factory|store|shop|branch|area|site|business|development|research|r&d|design|"
    "engineering|legal|compliance|communications?|pr|content|social|media|digital|web|brand|event|events|fleet|supply|"
    "chain|training|learning|school|clinic|practice|kitchen|bar|restaurant|hotel|property|estate|night|day|shift|"
    "front|back|desk|end|full|stack|machine|mechanical|electrical|civil|chemical|export|import|investment|risk|audit|"
    "tax|payroll|volunteer|veterinary|dental|head of|staff|team|managed|field|strategy|growth|"
    "partnerships|procurement|transport|maintenance|planning|administration|admissions|curriculum|innovation|"
    "sustainability|experience|information|technology|platform|infrastructure|analytics|insights|dairy|wine|tour|travel",
    role_links="of|for|of the|for the|and|&|to the",
    role_ends="and|here|who|with|by|in|from|so|myself|based|looking|for",
    i_am_role="i'm|i am|im|am|as|being|we're|my role is|my role|role|title|position|job title|my title is|my job is|"
    "work as|working as|i'm also|occupation|by trade|i'm just|i serve as|function|the role of|act as|acting as|newly|"
    "i'm currently|currently|i'm still|still|we are",
    no_name="now|formerly|currently|previously|recently|interested|looking|calling|writing|reaching|happy|sorry|sure|trying|working|planning|evaluating|available|"
    "based|new|glad|afraid|curious|excited|wondering|thinking|hoping|done|fine|good|great|ok|okay|yes|no|just|also|still|"
    "urgent|asap|thanks|thank|please|regards|budget|company|name|role|phone|email|mail|need|timeline|team|users|price|"
    "pricing|demo|quote|google|salesforce|excel|usd|eur|gbp|ltd|inc|llc|hi|not|only|maybe|nothing|none|nope|sure|"
    "correct|right|wrong|whatever|actually|it|its|all|everything|anything|something|someone|nobody|everybody|christmas|"
    "monday|english|german|french|spanish|hebrew|ready|busy|interested|here|there|today|tomorrow|re|fwd|sent|iphone|"
    "subject|date|to|cc|from|best|cheers|kind|one|two|three|four|five|six|seven|eight|nine|ten|free|open|back|away|"
    "responsible|in|at|on|ceo|cto|cfo|got|understood|noted|well|why|wow|hmm|oh|ah|haha|lol|dear|team|support|sales",
    name_ends="and|from|at|with|of|i|we|here|again|the|a|my|who",
    bare_names=True,
    company_articles="the",
    company_joints="of|and|for|the|de|du|la|des|der|und|y|et|von|zu|am",
    company_ends="and|we|i|need|needs|want|in|with|who|which|that|where|is|are|has|have|for|on|to|at|as|our|my|the|but|"
    "because|since|so|looking|by|from|or|please|would|will|can|here|now|a|an|it|you|your|about|budget|not|if|when|they",
    articles="the|a|an|our|my|your",
    labels={
        "(?:full |contact |first )?name|who|contact|contact person|visitor": "name",
        "company|organi[sz]ation|org|firm|employer|business|where|company name|institution": "company",
        "role|title|job title|position|job|function|occupation": "role",
        "email|e-mail|mail|reach|email address": "email",
        "phone|tel|telephone|mobile|cell|ph|call": "phone",
        "budget|spend|price range|money|funds|funding|max budget": "budget",
        "timeline|when|timing|start|deadline|date|go-live|go live|timeframe|start date|by": "timeline",
        "team|team size|size|users|seats|people|headcount|employees|staff|licen[cs]es": "team_size",
        "need|needs|wanted|wish|goal|looking for|interest|request|requirement|what|wants?|project|purpose|use case|subject|re": "need",
    },
    need="need|needs|needing|looking for|look for|searching for|in search of|want|wants|would like|would love|"
    "(?:i|we|they|it)'d (?:like|love|prefer|rather have)|id like|wed like|like to have|wish for|interested in|in the market for|shopping for|hunting for|after|require|"
    "requires|seeking|could use|trying to find|hoping to (?:find|get|have)|get rid of|rid of|lack|lacking|missing|are missing|replace|replacing|"
    "ditch|get off|get away from|move off|move away from|stop using|swap out|it's about|this is about|regarding|"
    "concerning|quote me (?:for|on)|please quote|keep track of|set up|could do with|on the lookout for|in need of|considering|evaluating|thinking about|exploring|trying to|hoping to|have to|"
    "must be able to|tired of|fed up with|could really use|(?:i|we)'d really use|really use|that's all we want|all we want is|all i want is|what we want is|"
    "what we need is|what i need is|want to|need to|would like to|'d like to|we want|thinking of|help us|help me",
    not_need="quote|quotes|quotation|discount|discounts|call|callback|call back|demo|demonstration|person|human|someone|"
    "somebody|talk|speak|price|prices|pricing|price list|offer|information|info|details|brochure|catalogue|trial|"
    "free trial|help|answer|reply|appointment|meeting|refund|time|assistance|advice|support|contact|access",
    pronouns="it|this|that|them|these|one|there",
    never_need="know|see|ask|cancel|unsubscribe|update|change|correct|"
    "correction|hear|learn|understand|be|go|get started|start|sign|buy|think|make sure|take|give|show|tell|send|it|this|that|them|one|more|"
    "anything|everything|nothing|you|me|us|him|her|to know|to see|to hear|to talk|to speak|to be|to go|to start|to ask|"
    "to buy|to sign|to think|to decide|to get|to book|to meet|to order|to pay|to spend|to cancel|to change|to add|your",
    need_preposition="for|with|on|about|at|to|from|by|of|in|first|next|today|tomorrow|this|soon|and|please|or|before",
    generic="tool|software|system|app|application|solution|something|platform|program|way|one|thing|product|service|site|"
    "someone|somebody|company|place|partner",
    products="software|tools?|system|app|crm|erp|platform|tracker|planner|website|webshop|online shop|portal|database|helpdesk|help desk|chatbot|newsletter|tracking|management|booking|scheduling|invoicing|billing|planning|reporting|accounting|inventory|rostering|ticketing|timesheets?|payroll software|dashboard|scanner app|calendar|module",
    purpose="to (?P<what>(?:automate|digiti[sz]e|organi[sz]e|track|keep track|manage|schedule|streamline|simplify|coordinate|log|monitor|record|invoice|plan|sort|stop|collect|share)\\s\\w+)",
    need_of="(?:quote|quotes|quotation|price|prices|pricing|offer|demo|demonstration|trial|info|information|details|estimate|"
    "proposal|bid|replacement|alternative|help|support) (?:for|on|of|about|to|with)",
    need_after="needed|wanted|required|sought",
    need_before="that's (?:all|what) (?:we|i)(?:'d)? (?:need|want|like|are after|'re after)|is (?:all|what) (?:we|i) (?:need|want)",
    need_ends="by|before|until|because|since|so|but|and (?:we|i|our|my|have|can|the|need|want|are|budget)|at the latest|"
    "within|asap|this|next|in (?:january|february|march|april|may|june|july|august|september|october|november|december|"
    "spring|summer|autumn|fall|winter|q[1-4]|the|about|a|two|three|four|five|six|\\d+)|for (?:\\d+|about|around|up to|our|my|"
    "under|a team|\\w+ (?:people|users|staff|of us|seats))|with (?:a budget|\\d)|starting|from|around|ideally|"
    "please|thanks|thank you|that|which|who|if|when|where|as soon|on|at|we|i|is|are|not|rather than|instead of|now|soon",
    need_lead="for|to have|to get|to find|to buy|to purchase|to use|to|is|something (?:for|to)|some help with|help with|"
    "of|you to|a way to|a tool to|a solution to|having|finding|getting|buying",
    need_small="new|better|good|simple|quick|short|free|proper|little|bit of|couple of|few|some|any|more|of|formal|written",
    surname="surname|last name|family name|full name|second name",
    own_lead="we|use|using|we're|are|it's|its|it|is|on|the|currently|have|with|i|that's|that|would|be|a|yes",
    topics={
        "name|called|who am i speaking|who are you|surname|last name|first name|whom": "name",
        "company|organi[sz]ation|firm|employer|business|where do you work|who do you work|which school|working for": "company",
        "role|position|job|title|what do you do|function|responsib\\w+": "role",
        "e-?mail|mail|address|reach you|send (?:it|this|that|you)|contact you|contact details": "email",
        "phone|number|call you|telephone|ring you|reach you|mobile|contact you|contact details": "phone",
        "budget|spend|money|price range|cost|how much|afford|amount|invest": "budget",
        "when|timeline|by what date|deadline|how soon|start|timing|time frame|timeframe|go live|date": "timeline",
        "how many|how big|how large|users|people|team|seats|headcount|licen[cs]es|employees|size": "team_size",
        "what do you need|what are you looking|looking for|how can (?:i|we) help|need|help you with|what brings|problem": "need",
    },
)
