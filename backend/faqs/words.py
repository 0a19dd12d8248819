"""Word lists that the rules read. Base forms unless the name says otherwise."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _titles(text: str) -> frozenset[str]:
    return frozenset(" ".join(title.split()) for title in text.split("|"))


# Verbs whose gerund or imperative at the start of a heading names a task that a reader wants done.
TASKS = _words(
    """
    accept access achieve activate adapt add adjust administer adopt aggregate allow alter analyse analyze
    annotate answer append apply archive arrange ask assemble assess assign attach audit authenticate authorise
    authorize automate avoid back balance begin bind bisect block book boot bootstrap browse build bundle burn
    buy bypass calculate call cancel capture carry catch change check cherry-pick choose chroot clarify clean
    clear clone close collaborate collect combine commit communicate compare compile complete compose compress
    compute configure confirm connect construct consume contact contribute control convert coordinate copy
    correct count cover create customise customize cut deal debug decide declare decode decrypt define delegate
    delete deny deploy describe design destroy detach detect determine develop diagnose disable disallow discard
    disconnect discover display distribute document download drop duplicate edit eject eliminate embed emulate
    enable encode encrypt end enforce enhance ensure enter erase escape establish estimate evaluate examine
    exchange exclude execute exit expand export expose express extend extract fetch fill filter find finish fix
    fold follow force fork format free gather generate get give grant group guard handle harden hide identify
    ignore implement import improve include increase index inherit initialise initialize insert inspect install
    integrate interact interpret invoke isolate issue join keep label launch learn limit link list load locate
    lock log loop maintain make manage manipulate map mark match measure merge migrate minimise minimize mirror
    modify monitor mount move name navigate notify obtain open operate optimise optimize order organise organize
    orphan overload override overwrite pack package parse partition pass paste patch pause pay perform pick pipe
    place plan plot port post preload prepare present preserve prevent print prioritise prioritize probe process
    produce profile program prohibit protect prove provide publish pull purchase purge push put query quote
    raise read rebase rebuild receive recompile record recover redirect reduce refer refresh register reindex
    reintroduce reject release reload remove rename render renew repair repeat replace replicate reply report
    request require reset resize resolve respond restart restore restrict resume retrieve retry return reuse
    revert review revise revoke rewrite rotate run salvage save scale scan schedule script search secure select
    send separate serve set share show shrink sign simulate simplify skip snapshot solve sort specify speed
    split squash stage start stash stop store stream structure submit subscribe supply suppress suspend swap
    switch synchronise synchronize tag take terminate test throttle trace track trade train transfer transform
    translate transmit trim troubleshoot truncate tune turn tweak undo uninstall unlock unmount unpack
    unsubscribe untar update upgrade upload use validate vectorize verify view visit visualise visualize wait
    walk watch withdraw work wrap write zip
    """
)

# Nouns as often as verbs: "Report format", "Testing policy". They name a task only with an object that shows it.
AMBIGUOUS = _words(
    """
    access answer archive audit balance block book boot bundle call capture catch change chroot clone commit
    control copy count cover cut deal debug delegate design display document download drop duplicate edit end
    exchange exit export express filter fix fold force fork format free group guard handle import index issue
    join label launch link list load lock log loop make map mark match measure merge mirror mount move name open
    order orphan overload override pack package partition pass paste patch pause pay pick pipe place plan plot
    port post present print probe process produce profile program pull purchase push query quote read rebase
    record refresh register release report request reset return review run scale scan schedule script search
    secure separate set share show sign snapshot sort speed split squash stage start stash stop store stream
    structure supply swap switch tag take test trace track trade train transfer transform trim turn tweak undo
    update upgrade upload use view visit wait walk watch work wrap write zip monitor clean clear complete
    correct cache cluster network market price ship
    """
)

# Gerunds that are nouns or adjectives at the start of a heading, with no task in them.
NOT_TASKS = _words(
    """
    accounting advertising amazing being beginning billing branding briefing ceiling coming computing
    conflicting containing corresponding according concerning considering depending during engineering
    everything existing following having hearing housing including incoming interesting introducing knowing
    lacking leading lightning marketing matching meaning meeting missing morning needing networking nothing
    offering ongoing opening outgoing outstanding differing overlapping increasing decreasing varying
    alternating competing parking pending pricing programming rating reasoning regarding remaining requiring
    ring running seeing settings shipping showing sibling something spelling spring string thing
    threading thinking trailing training trending understanding underlying upcoming using-notes warning wording
    """
)

# Things whose first word only looks like a task.
COMPOUNDS = _titles(
    """
    building block | building site | checking account | drawing board | filling station | finishing touch |
    landing page | loading dock | mailing list | operating system | opening hour | packing list | parking space |
    playing field | programming language | reading list | running time | saving account | selling point |
    shipping address | starting point | stumbling block | turning point | waiting list | waiting time |
    working day | working directory | working group | working hour | working tree | writing style
    """
)

# Short verbs of advice: the section argues for the advice, it does not show how to do it.
ADVICE = _words("avoid be beware consider do don't dont ensure expect keep know learn never prefer read remember think")

DETERMINERS = _words(
    """
    a an the your my our its their his her any all another both each every multiple several some these this
    those that new additional custom different existing other own more up down out on off with to from against
    for between into via by in at as if how what when where which who whether
    """
)

# Headings that carry no question of their own, in any form of writing (compared without case and punctuation).
SKIPPED = _titles(
    """
    about the author | about the authors | about this book | about this document | about this guide |
    about this manual | abstract | acknowledgement | acknowledgements | acknowledgment | acknowledgments |
    additional information | additional resources | advanced topics | afterword | agradecimientos |
    all rights reserved | and so on | anhang | annexe | answers | appendices | appendix | apéndice | author |
    authors | avant propos | background | basic concepts | basics | bibliografía | bibliographie | bibliography |
    bugs | caution | cautions | caveat | change history | change log | changelog | changelog history | changes |
    chapter | code | colophon | command | commands | comment | comments | compatibility | conclusion |
    conclusions | contact | contents | contributors | conventions | copying | copyright | copyright notice |
    credits | credits and thanks | danger | danksagung | dedication | demo | description | detailed contents |
    details | disclaimer | discussion | document history | download | einführung | einleitung | end notes |
    endnotes | epilogue | errata | example | examples | exercises | faq | faqs | feedback | figures | files |
    final words | footnotes | foreword | further documentation | further information | further reading | general |
    general information | getting help | glossary | help | hint | history | home | important | impressum |
    imprint | in this article | in this chapter | in this section | index | information | inhalt |
    inhaltsverzeichnis | introducción | introduction | keywords | known issues | legal | legal notice | licence |
    licencia | license | licenses | licensing | links | list of examples | list of figures | list of tables |
    literatur | literaturverzeichnis | lizenz | main | menu | misc | miscellaneous | miscellany |
    more information | name | navigation | news | next | next steps | note | notes | notes and references |
    notices | online resources | options | other | other notes | other resources | others | outline | outlook |
    output | outputs | overview | page | parameters | part | postface | preamble | preface | prefacio |
    prerequisites | previous | prologue | préface | questions | questions and answers | quick start |
    recommended reading | reference | references | related | related documents | related links | related reading |
    release history | release notes | remarks | remerciements | reporting bugs | resources | results | resumen |
    return value | return values | revision history | résumé | search | section | see also | sommaire | sources |
    special thanks | stichwortverzeichnis | subcommands | summary | support | synopsis | syntax | table |
    table des matières | table of contents | tables | terms of use | test | tests | thanks | the end | tip | tips |
    tips and tricks | title | title page | to do | to do list | toc | todo | top | trademarks | tutorial | usage |
    values | variables | version | version history | vorwort | warning | warnings | warranty | what is new |
    what s new | whats new | wrapping up | zusammenfassung | índice
    """
)

# First words of a heading that make it one of the above whatever follows.
SKIPPED_FIRST = _words("appendix figure table changelog copyright license licence acknowledgements acknowledgments")

# Last nouns that make "gerund + noun" a thing, not a task ("Porting infrastructure", "Mailing lists").
THING_HEADS = _words(
    """
    algorithm algorithms architecture area areas behavior behaviour callback callbacks capabilities capability
    class classes code command commands component components concept concepts condition conditions configuration
    considerations convention conventions criteria data device engine environment error errors example examples
    facilities facility feature features field fields file files format formats framework function functions
    guide guideline guidelines infrastructure instructions interface interfaces issue issues item items language
    level levels library list lists macro macros mechanism mechanisms message messages method methods mode model
    modes module modules note notes object objects operator operators option options overview page pages
    parameter parameters phase plan policies policy practice practices procedure procedures process program
    programs protocol queue reference report reports requirement requirements rights routine routines rule rules
    schema scheme script scripts semantics server service services set sets setting settings stage state status
    step steps strategies strategy structure structures style support syntax system systems table tables task
    tasks technique techniques time tool tools type types unit units utilities utility value values variable
    variables view views tip tips symbol symbols specification specifications party parties session sessions
    information results
    """
)

# Verbs whose own name makes the better question: "What does pg_am store?"
HOLDING = _words("contain define describe hold identify list provide record report return show store")

QUESTION_WORDS = _words("what why how when where which who whom whose")
AUXILIARIES = _words(
    "am are can could did do does had has have is may might must shall should was were will would isn't aren't doesn't "
    "don't can't won't"
)

# Words common enough to be lowered in a title even when the document itself never uses them elsewhere.
COMMON = _words(
    """
    about above account accounts address after all an and another any application applications around as at
    backup backups basic before between both by change changes code common custom data date details device
    devices different document documents each email error errors every example examples file files first for
    from general global good group groups guide how image images in information into invoice invoices item items
    job jobs key keys language last list lists local log logs member members message messages method methods
    mode more multiple my name names network new next no not of off old on one online only options or order
    orders other our out over own page pages password passwords payment payments phone plan plans policies
    policy preferences problem problems product products profile program programs project projects properties
    refund refunds remote report reports requirements return returns rules security server servers service
    services settings shipping simple single site software standard subscription subscriptions support system
    systems table tables team teams text than that the their them these this those time to tool tools two type
    types under up use user users using version via warranty what when where which with without work you your
    """
)

# Third persons with which a first sentence or an entry says what its subject does.
DESCRIBING = _words(
    """
    accepts adds aggregates allows analyzes applies attaches binds calculates causes changes checks cleans
    closes collects compares compiles computes configures connects contains controls converts copies creates
    decodes defines deletes describes determines disables displays downloads drops emits enables encodes
    ensures establishes examines executes exports extends extracts fetches filters finds forces formats frees
    generates gets gives groups handles helps holds identifies implements imports includes indicates initializes
    inserts installs instructs invokes keeps lets limits lists loads locks logs makes manages marks means merges
    modifies monitors moves names obtains omits opens overrides performs permits prepares prevents prints
    processes produces prompts protects provides publishes reads rebuilds receives reclaims records recovers
    reduces removes renames replaces reports represents requests requires resets restores restricts retrieves
    returns reverses runs saves scans searches selects sends separates serves sets shows signals sorts specifies
    splits starts stops stores summarizes suppresses switches synchronizes takes tells terminates tests
    transfers transforms translates truncates tries turns updates uses validates verifies waits warns works
    wraps writes
    """
)

# Words that titles leave small.
SMALL = _words("a an and as at but by for from if in into is of on or the to up via vs with without")

# Nouns for which "What are the ... of X" is a natural question.
PROPERTIES = _words(
    """
    advantages benefits conventions cost costs criteria deadline defaults disadvantages fee fees goals guidelines hours
    limit limitations limits price prices purpose requirements restrictions rights rules stages steps structure types
    """
)
