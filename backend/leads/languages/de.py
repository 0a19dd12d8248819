"""German."""

from typing import Final

from backend.leads.languages.base import Language

_ONES = dict(
    zip(
        "ein zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn "
        "achtzehn neunzehn".split(),
        range(1, 20),
        strict=True,
    )
)
_TENS = {
    word: 10 * n for n, word in enumerate("zwanzig dreißig vierzig funfzig sechzig siebzig achtzig neunzig".split(), 2)
} | {"dreissig": 30}
_HUNDRED = (
    _ONES
    | _TENS
    | {f"{one}und{ten}": _ONES[one] + value for one in list(_ONES)[:9] for ten, value in _TENS.items()}
)
_UNITS = (
    _HUNDRED
    | {"zwo": 2, "hundert": 100}
    | {f"{one}hundert": 100 * value for one, value in _ONES.items()}
    | {f"{word}tausend": 1000 * value for word, value in _HUNDRED.items()}
    | {f"{one}hunderttausend": 100_000 * value for one, value in list(_ONES.items())[:9]}
)
_WHO = (
    "kolleg(?:e|en|in|innen)|chefsekretarin|assistent(?:in)?|sekretarin|kund(?:e|en|in)|mandant(?:in|en)?|nachbar(?:n|in)?|"
    "freund(?:e|in|es)?|bekannte[rn]?|bruder|schwester|mutter|vater|mann|frau|ehemann|ehefrau|schwager|schwagerin|cousin|"
    "onkel|tante|partner|vorganger(?:in)?|vermieter(?:in)?|steuerberater(?:in)?|anwalt|anwaltin|lieferant|anbieter|agentur|"
    "konkurrent(?:in|en)?|konkurrenz|wettbewerber|mitbewerber(?:in)?|berater(?:in)?|dienstleister|ex|azubi|praktikant(?:in)?|"
    "mutterkonzern|mutter|schwesterfirma|konzernmutter|ansprechpartner|hausbank|schwiegermutter|schwiegervater|oma|opa"
)
_JOBS = (
    "geschaftsfuhrer|inhaber|grunder|mitgrunder|vorstand|vorsitzende[rn]?|leiter|bereichsleiter|abteilungsleiter|"
    "teamleiter|projektleiter|betriebsleiter|werkstattleiter|marketingleiter|vertriebsleiter|einkaufsleiter|"
    "filialleiter|kuchenchef|kuchenleiter|schulleiter|praxismanager|manager|referent|sachbearbeiter|assistent|"
    "sekretar|buchhalter|controller|einkaufer|disponent|verkaufer|kaufmann|techniker|ingenieur|entwickler|"
    "programmierer|administrator|informatiker|architekt|designer|grafiker|texter|redakteur|journalist|lektor|autor|"
    "fotograf|ubersetzer|dolmetscher|kunstler|musiker|dirigent|lehrer|dozent|professor|forscher|wissenschaftler|"
    "student|bibliothekar|erzieher|sozialarbeiter|trainer|coach|berater|anwalt|notar|richter|steuerberater|"
    "wirtschaftsprufer|makler|verwalter|hausverwalter|hausmeister|arzt|zahnarzt|tierarzt|apotheker|therapeut|"
    "physiotherapeut|psychologe|pfleger|krankenpfleger|optiker|hebamme|krankenschwester|tischler|schreiner|"
    "zimmerer|maurer|dachdecker|maler|elektriker|klempner|installateur|monteur|mechaniker|mechatroniker|schlosser|"
    "schweißer|backer|konditor|metzger|fleischer|koch|kellner|barista|brauer|winzer|landwirt|gartner|florist|"
    "friseur|kosmetiker|schneider|schuster|goldschmied|uhrmacher|buchbinder|buchhandler|drucker|fahrer|spediteur|"
    "kurier|pilot|kapitan|feuerwehrmann|polizist|soldat|wachmann|pfarrer|pastor|burgermeister|hotelier|wirt|"
    "gastwirt|rezeptionist|personaler|recruiter|auszubildender|azubi|praktikant|freiberufler|schatzmeister|"
    "kassenwart|schriftfuhrer|vereinsvorstand|imker|topfer|steinmetz|kustos|kurator|intendant|dekan|rektor"
)
_ROLES = (
    rf"(?:{_JOBS})(?:in)?|\w*(?:leiter|leiterin|leitung|chef|chefin|beauftragte[rn]?|verantwortliche[rn]?|kauffrau|kaufmann|"
    r"meister|meisterin|manager|managerin|assistenz|techniker|technikerin|ingenieur|ingenieurin|berater|beraterin|"
    r"arztin|anwaltin|referentin|koordinator|koordinatorin|sprecher|sprecherin|padagoge|padagogin|vorstand|disponentin)|"
    r"ceo|cto|cfo|coo|head|vp|prokurist(?:in)?|einkauf|buchhaltung|vertrieb|empfang|kochin|arzthelferin|bauerin|"
    r"geschaftsfuhrung|hausmeisterin|rentner(?:in)?|schuler(?:in)?|student(?:in)?|freelancer(?:in)?"
)

GERMAN: Final = Language(
    code="de",
    common="der die das und ist wir ich ein eine einen einem einer nicht mit von fur auf zu im in den dem des sie es "
    "haben hat habe bin sind war auch noch nur aber bei aus nach wie was wann wer gibt's gibt kann konnen mein meine "
    "unser unsere uns mir mich bitte danke gern gerne als am um bis ab euer eure ihr ihre ihnen wird werden so dann mal "
    "schon oder kein keine man hallo guten wenn dass soll sollte brauchen brauche suchen suche mochten mochte hatten "
    "hatte ware zum zur uber unter vor per pro da doch eher also etwa ca",
    units=_UNITS,
    powers={"tausend|tsd": 1000, "mille": 1000, "million(?:en)?|mio": 10**6, "milliarden?|mrd": 10**9, "hundert": 100,
            "riesen": 1000},
    number_and="und",
    zero="null",
    twice="doppel|zweimal",
    fourth="(?:eine )?viertel",
    half="(?:eine )?halbe|(?:ein(?:e|en)? )?halbe[rn]?",
    groups={
        "ein (?:halbes )?dutzend": 12, "halbes dutzend": 6, "dutzend": 12, "anderthalb": 1, "zu zweit": 2,
        "zu dritt": 3, "zu viert": 4, "zu funft": 5, "zu sechst": 6, "zu siebt": 7, "zu acht": 8, "zu neunt": 9,
        "zu zehnt": 10, "zu zwolft": 12,
    },
    together="zu (?:zweit|dritt|viert|funft|sechst|siebt|acht|neunt|zehnt|zwolft)",
    to="bis|bis zu|oder",
    between="zwischen|von",
    both="und",
    first="ich|wir|mein|meine|meinen|meinem|meiner|unser|unsere|unseren|unserem|unserer|uns|mir|mich",
    first_object="mir|uns",
    negation="nicht|kein|keine|keinen|keinem|keiner|nie|niemals|niemand|nichts|weder|nein|keinesfalls|null",
    asks="was|wer|wen|wem|wessen|wie|wieviel|wann|wo|woher|wohin|warum|wieso|weshalb|welche[rsnm]?|ist|sind|war|haben sie|"
    "habt ihr|hat|gibt es|gibt's|gibts|kann|konnen|konnt|kannst|darf|durfen|muss|mussen|soll|sollen|sollte|wurde|wurden|"
    "ware|waren|geht|lohnt|kostet|braucht man|bekommt|bekomme|macht|stimmt|ob|reicht|reichen|bietet|bieten sie|hast du",
    asks_not="was wir|was ich|wie (?:gesagt|besprochen|telefonisch|vereinbart|erwahnt)|wann immer|waren ",
    requests="(?:konnen|konnten|konnt|konntet|kannst|konntest|wurden|wurdet|kann|konnte|darf|durfte) "
    "(?:sie|ihr|du|ich|wir|man|jemand)[^?.]{0,60}(?:schicken|senden|anrufen|zuruckrufen|melden|schreiben|mailen|"
    "kontaktieren|anbieten|bekommen|haben|helfen|zukommen|erreichen|notieren|vormerken|andern|korrigieren|rufen|"
    "erstellen|machen)",
    supposed="wenn|falls|angenommen|mal angenommen|stell dir vor|stellen sie sich vor|zum beispiel|z\\. ?b\\.|beispielsweise|"
    "traum|traumen|traumt|theoretisch|gesetzt den fall|hypothetisch|"
    "scherz|spaß|hatten wir doch|am liebsten ware",
    wished="war (?:schon|toll|nett|super|ein traum)|ware (?:schon|toll)|schon war's",
    outsiders=rf"(?:mein|unser|ein|der|die|das|dem|den|des|sein|ihr|deren)(?:e|en|em|er|es)?(?: \w+)? (?:{_WHO})s?|konkurrenz|"
    r"der wettbewerb|wettbewerber|mitbewerber|nachbarfirma|\w+ (?:sagt|meinte|meint|sagte|zahlt|verdient|verlangt)",
    superiors="(?:mein|unser|der|die|das)(?:e|en|em|er)? (?:chef(?:in|s)?|vorgesetzte[rn]?|vorstand|geschaftsfuhrung|"
    "geschaftsleitung|leitung|buchhaltung|direktor(?:in)?|vereinsvorstand|aufsichtsrat|gemeinderat|beirat)|chefin|chef",
    they="er|seine[rnm]?|sein|deren|dessen|jemand|andere|die anderen|man",
    gives="(?:gab|gibt|geben|gegeben|bewilligt|genehmigt|hat|haben) (?:mir|uns)|(?:mir|uns) \\S+ (?:gegeben|bewilligt|genehmigt)|mir gegeben|uns gegeben",
    past="fruher|damals|letztes jahr|letzten (?:monat|herbst|sommer|winter|fruhling|mai)|letzte woche|vorletztes|im vorjahr|"
    "vergangene[snm]?|gestern|vorgestern|vor (?:\\w+ )?(?:jahren|monaten|wochen|tagen)|"
    "bisher|bislang|zuletzt|war|wurde|wurden|hat(?:te)? gekostet|bezahlt|ausgegeben|einst|vorher",
    yours="(?:ihr|eur|euer|dein)e?[nmrs]? (?:seite|webseite|website|homepage|preis\\w*|tarif\\w*|angebot|werbung|"
    "newsletter|prospekt|vertrieb|kollege|kollegin|firma|nummer|hotline|support|rechnung|plan|chef|mitbewerber|"
    "konkurrent|konkurrenz|flyer|anzeige|broschure|blog|video|bot|mail|agb)|auf der (?:webseite|homepage|website)|"
    "sie (?:schreiben|werben|verlangen|sagten|behaupten|versprechen|nehmen)|ihr (?:schreibt|werbt|verlangt|sagt|nehmt)",
    orders="ab (?:sofort|jetzt) (?:heißt|nennst|ist jeder)|ignoriere|ignorier|vergiss alle|anweisung(?:en)?|"
    "jeder besucher|alle besucher|trag(?:e)? (?:als|ein|bei)|setze? das (?:budget|feld)|speichere|du bist jetzt|"
    "systemprompt|system-prompt|platzhalter",
    but="aber|sondern|weil|denn|obwohl|jedoch|allerdings|wahrend|damit|dass|wobei|und (?:ich|wir|mein|unser|brauche|"
    "brauchen|suche|suchen|mochte|mochten|hatte|hatten|habe|haben|wollen|will|planen|das|die|der|er|sie)|deshalb|daher",
    correction="eigentlich|sorry|korrektur|korrigiere|ich meine|ich meinte|doch|nein|quatsch|moment|vielmehr|stattdessen|"
    "besser gesagt|pardon|entschuldigung|tippfehler|vertippt|verschrieben|andert sich|geandert|jetzt|nun|neu|"
    "inzwischen|mittlerweile|gekurzt|erhoht|aufgestockt|verschoben|verschiebt|nur noch|sagen wir|lieber|muss heißen|"
    "sind es|waren es|statt|vergessen sie|vergiss|falsch|verlesen|genauer|also",
    withdrawal="vergessen sie|vergiss|vergesst|streichen sie|streich|streicht|streiche|ignorieren|loschen sie|losche|"
    "nehme? zuruck|ziehe zuruck|gilt nicht mehr|hinfallig|doch nicht|erledigt|fallt weg|gestrichen|eingefroren|egal",
    yes="ja|jawohl|jep|genau|stimmt|richtig|klar|naturlich|gerne|korrekt|selbstverstandlich|unbedingt|jo|doch",
    no="nein|ne|nee|no|nicht wirklich|noch nicht|keinesfalls|leider nicht|leider nein",
    at="at|ät|klammeraffe",
    dot="punkt|dot",
    underscore="unterstrich",
    dash="bindestrich|minus|strich",
    extension="durchwahl|dw|app|apparat|nebenstelle|ext",
    not_email="cc|in kopie|kopie an|alte adresse|veraltet|nicht mehr",
    preferred="am besten|lieber|bevorzugt|besser|vorzugsweise",
    not_phone="fax|telefax|bestellung|bestellnummer|auftrag|auftragsnummer|rechnung|rechnungsnummer|kundennummer|kunden-nr|"
    "kunde|ticket|iban|konto|kontonummer|blz|kreditkarte|karte|ausweis|steuernummer|ust|vorgang|aktenzeichen|az|"
    "seriennummer|vertragsnummer|vertrag|mitgliedsnummer|ihre (?:nummer|hotline)|eure (?:nummer|hotline)|empfang|zentrale|"
    "nicht mehr|alte nummer|sendungsnummer|artikel\\w*|personalnummer|versicherungsnummer|kundennr|isbn|hrb|hra",
    countries={
        "deutschland|deutsch(?:e|er|en|es)?": "DE", "osterreich|osterreichisch(?:e|er|en|es)?": "AT",
        "schweiz|schweizer(?:isch\\w*)?": "CH", "frankreich|franzosisch\\w*": "FR", "usa|amerikanisch\\w*|us": "US",
        "england|englisch\\w*|großbritannien|britisch\\w*": "GB", "israel|israelisch\\w*": "IL",
        "spanien|spanisch\\w*": "ES", "italien|italienisch\\w*": "IT", "niederlande|hollandisch\\w*": "NL",
        "belgien|belgisch\\w*": "BE", "luxemburg": "LU", "polen|polnisch\\w*": "PL", "danemark": "DK", "schweden": "SE",
    },
    budget="budget|budgetiert|ausgeben|investieren|leisten|eingeplant|einplanen|vorgesehen|zur verfugung|verfugbar|"
    "bewilligt|genehmigt|freigegeben|freigabe|beiseite|zuruckgelegt|rahmen|preisrahmen|kostenrahmen|obergrenze|grenze|"
    "limit|deckel|topf|mittel|etat|kasse|locker machen|lockermachen|hinlegen|drin|haben wir|habe ich|wir haben|ich habe|"
    "hatten|hatte|einsetzen|in die hand nehmen|zahlen wurden|zahlen|bezahlen|aufwenden|stemmen|fur das|dafur|eher|"
    "verplanen|gesprochen|zugesagt|insgesamt|bekommen|gegeben|gibt mir|gibt uns|spielraum|maximum|schmerzgrenze|liegt bei",
    budget_given="budget|etat|gegeben|bewilligt|genehmigt|freigegeben|zugesagt|gekurzt|wir haben|ich habe|beiseite|"
    "zuruckgelegt|eingeplant|vorgesehen",
    at_most="bis zu|bis|hochstens|maximal|max|max\\.|maximum|nicht mehr als|nicht uber|obergrenze|deckel|unter|weniger als|"
    "keinesfalls mehr als|mehr nicht|mehr ist nicht drin|limit|nicht uber|langstens|auf keinen fall mehr|schmerzgrenze",
    at_least="mindestens|wenigstens|ab|minimum|min\\.|nicht unter|nicht weniger als|uber|mehr als|aufwarts",
    hedges="bitte|danke|irgendwann|hoffentlich|etwa|ungefahr|ca\\.?|circa|zirka|rund|um die|knapp|gut|so|vielleicht|wohl|eher|an die|in etwa|grob|nur|genau|"
    "aktuell|derzeit|momentan|jetzt|insgesamt|so um die|schatzungsweise|fast|bei|die|mit",
    not_budget="umsatz|jahresumsatz|gewinn|verlust|finanzierung|finanzierungsrunde|seed|investor(?:en)?|eingesammelt|gehalt|"
    "lohn|verdiene|verdient|verdienst|miete|schulden|kredit|darlehen|strafe|kostet|kosten|gekostet|preis|preise|listenpreis|"
    "kaution|ruckerstattung|rechnung|gebuhr|gebuhren|bonus|gespart|sparen|spende|gestohlen|rabatt|bezahlt|zahlt|verlangt|"
    "verlangen|angeboten|bietet|anderes angebot|konkurrenzangebot|versicherung|wert|bewertet|ticket|bilanzsumme|monatsmiete|"
    "je stuck|pro stuck|pro kopf|pro nase|pro person|pro nutzer|lotto|gewonnen|geerbt",
    per_unit="(?:pro|je) (?:\\w+platz|nutzer|user|person|kopf|nase|mitarbeiter\\w*|lizenz|sitz|platz|stunde|tag|stuck|"
    "einheit|gerat|kunde|seite|fahrzeug|zimmer|nacht|schuler|kind|mitglied|anruf)|die stunde|das stuck|stundenlohn",
    taxes="netto|brutto|zzgl\\.? (?:mwst|ust)\\.?|inkl\\.? (?:mwst|ust)\\.?|plus mwst\\.?|exkl\\.? mwst\\.?|insgesamt|bar",
    month="(?:im|pro|je|den|/)\\s?monat|/\\s?(?:monat|mon|mtl)|monatlich\\w*|mtl\\.?|p\\.? ?m\\.?",
    year="(?:im|pro|je|das|/)\\s?jahr|/\\s?jahr|jahrlich\\w*|p\\.? ?a\\.?|jahresbudget",
    once="einmalig\\w*|einmal|pauschal|auf einmal|einmalzahlung|einmalbetrag",
    months={
        "januar|janner|jan": 1, "februar|feber|feb": 2, "marz|maerz|mrz": 3, "april|apr": 4, "mai": 5, "juni|jun": 6,
        "juli|jul": 7, "august|aug": 8, "september|sept|sep": 9, "oktober|okt": 10, "november|nov": 11,
        "dezember|dez": 12,
    },
    weekdays={
        "montag": 0, "dienstag": 1, "mittwoch": 2, "donnerstag": 3, "freitag": 4, "samstag|sonnabend": 5, "sonntag": 6,
    },
    ordinal="\\.",
    ordinals={
        f"{word}(?:n|r)?": number
        for number, word in enumerate(
            "erste zweite dritte vierte funfte sechste siebte achte neunte zehnte elfte zwolfte dreizehnte vierzehnte "
            "funfzehnte sechzehnte siebzehnte achtzehnte neunzehnte zwanzigste".split(),
            1,
        )
    },
    of="des|der|von|vom|im|in|dem",
    parts={
        "ende|(?:zum )?schluss": "end", "anfang|beginn(?! im)": "early", "mitte": "mid", "spat(?:er)?": "late",
    },
    time_units={
        "tage?n?s?": "day", "wochen?": "week", "monat(?:e|en|s)?": "month", "quartale?n?s?": "quarter",
        "halbjahr(?:e|en|es)?s?": "half", "jahr(?:e|en|es)?s?": "year",
    },
    spans={"(?:einem )?halben jahr": ("month", 6), "vierzehn tagen": ("day", 14), "acht tagen": ("week", 1), "anderthalb jahren": ("month", 18)},
    this="diese[nmsr]?|kommende[nmsr]?|laufende[nmsr]?",
    next="nachste[nmsr]?|kommende[nmsr]?|kommender",
    next_weekday="first",
    next_week_day="nachste woche|kommende woche|in der nachsten woche",
    ahead="in|binnen|innerhalb von|innerhalb der nachsten|in den nachsten|in etwa|in ca\\.|in rund|in spatestens",
    ahead_after="ab heute|ab jetzt|von heute an",
    days={"heute": 0, "morgen": 1, "ubermorgen": 2},
    quarter="q|quartal",
    halves={"(?:ersten?s?|1\\.) halbjahr|h1": 1, "(?:zweiten?s?|2\\.) halbjahr|h2": 2},
    feasts={
        "heiligabend": (12, 24), "weihnachten": (12, 25), "silvester": (12, 31), "neujahr": (1, 1), "nikolaus": (12, 6),
    },
    seasons="fruhling|fruhjahr|sommer|herbst|winter|ostern|pfingsten|sommerferien|herbstferien|spatsommer|fruhsommer|"
    "spatherbst|schuljahr|sommerpause",
    soon="asap|sofort|so bald wie moglich|sobald wie moglich|so schnell wie moglich|schnellstmoglich|baldmoglichst|"
    "baldmoglich|umgehend|schnellstens|ab sofort|eilig|dringend|moglichst bald|moglichst schnell",
    part_year="jahresende|jahreswechsel|ende des jahres|ende dieses jahres|zum jahresende",
    single="einem|einer|einen|1",
    on="im|in|bis|ab|am|vor|seit|zum|des|der|ende|anfang|mitte|diesen",
    next_year="nachsten jahres|nachstes jahr|kommenden jahres|des nachsten jahres|im nachsten jahr",
    since="ab|von|seit|beginnend",
    starting="vor",
    buying="bis|spatestens|ab|live|start|starten|startet|beginnen|beginn|loslegen|losgehen|los geht's|frist|deadline|termin|"
    "stichtag|fertig|einsatzbereit|brauchen|brauche|benotigen|benotige|entscheiden|entscheidung|kaufen|kauf|bestellen|"
    "beschaffen|anschaffen|anschaffung|unterschreiben|wechseln|wechsel|umstieg|umsteigen|einfuhren|einfuhrung|umstellen|"
    "umstellung|einsetzen|nutzen|laufen|lauft|stehen|geliefert|lieferung|eroffnen|eroffnung|eroffnet|planen|geplant|"
    "zeitplan|ziel|angepeilt|anpeilen|wollen|mochten|hatten gern|hatten gerne|am liebsten|soll|sollte|muss|gern|gerne|"
    "wunschtermin|vor|abschließen|installiert|in betrieb|umgesetzt|realisieren|umsetzung|ziehen um|umzug",
    not_timeline="ruf\\w* (?:mich|uns)|anrufen|zuruckrufen|ruckruf|melde[nt]?|melden sie|schreib\\w*|antwort\\w*|sprechen|"
    "telefonieren|treffen|termin vereinbaren|gesprach|vorstellung|demo|urlaub|verreist|krank|nicht da|abwesend|"
    "elternzeit|geboren|geburtstag|feier|hochzeit|party|jubilaum|konzert|fest|seit|gegrundet|lauft aus|auslauf\\w*|"
    "vertrag lauft|lauft bis|vertrag endet|gekundigt|kundigung|rechnung|bestellt|gekauft|gestern|vor \\w+ tagen|letzte[nrs]?|"
    "geschlossen|besuch|reise|messe|konferenz|offnungszeiten|geoffnet|jeden|jede|immer|immer am|rente|war|kam|hatte|"
    "ist abgelaufen|montags|freitags|zuruck|schließt",
    anybody="leute|personen|person|menschen|mann|frauen|manner|kopfe|mitglieder|seelen|ehrenamtliche|freiwillige",
    using="(?:davon |von (?:ihnen|uns|denen) )?(?:werden |wurden |sollen |mussten |brauchen |brauchten |brauchten )*(?:es |das |damit )?(?:nutzen|arbeiten|brauchen (?:einen )?zugang|einen zugang|zugriff|damit arbeiten|mitarbeiten)",
    weak_team="fur|mit",
    people="leute|personen|person|mitarbeiter(?:innen|in|n)?|mitarbeitende[nr]?|mitarbeiter:innen|mitarbeiter\\*innen|angestellte[nr]?|"
    "beschaftigte[nr]?|kopfe|mann|kolleg(?:en|innen)|kolleg:innen|teammitglieder|hande|frauen|manner|"
    "ehrenamtliche[nr]?|freiwillige[nr]?|freie[nr]?|partner(?:innen)?|gesellschafter|azubis|auszubildende[nr]?|"
    rf"aushilfen|vollzeitkrafte|teilzeitkrafte|fachkrafte|lehrkrafte|pflegekrafte|\w+krafte|menschen|seelen|"
    rf"(?:{_JOBS})(?:n|e|en|innen|s)?|\w+(?:monteure|ingenieure|techniker|fahrer|berater|meister|leiter|innen|helfer|pfleger)|"
    "arzte|arztinnen|koche|kochinnen|anwalte|anwaltinnen|lehrerinnen|erzieherinnen|agenten|vertriebler",
    users="nutzer(?:innen)?|nutzer:innen|benutzer(?:innen)?|user|anwender(?:innen)?|lizenzen|lizenz|zugange|accounts|"
    "arbeitsplatze|arbeitsplatzen|platze|logins|konten|seats",
    not_people="kund(?:en|innen)|gerate|fahrzeuge|autos|lkw|lkws|transporter|busse|tische|stuhle|zimmer|betten|kinder|"
    "kindern|schuler(?:innen)?|gaste|besucher|patienten|patientinnen|jahre|jahren|abonnenten|einwohner(?:n)?|haushalte|"
    "mieter|teilnehmer|leser|mitglieder(?:n)?|bewerber|bestellungen|tickets|filialen|standorte|niederlassungen|drucker|"
    "rechner|computer|laptops|telefone|server|maschinen|sensoren|kameras|seiten|dokumente|produkte|artikel|lander|stadte|"
    "tage|tagen|wochen|monate|monaten|stunden|minuten|prozent|km|kilometer|quadratmeter|qm|kg|etagen|eltern|hunde|katzen|"
    "pferde|kuhe|tiere|e-mails|mails|anrufe|wohnungen|studierende[nr]?|studenten|rechnungen|uhr",
    not_team="stadt|dorf|gemeinde mit|einwohner|land|gefragt|bedienen|betreuen|publikum|pro tag|taglich|eingeladen|geschult|kundigt\\w*|entlassen",
    we_are="wir sind|sind wir|wir waren|wir waren dann|wir zahlen|beschaftigen|wir haben|haben wir|ich habe|"
    "belegschaft|wir sind jetzt|sind jetzt",
    of_us="von uns|im team|insgesamt|stuck|in der firma|im buro|im betrieb",
    team_of="team von|team aus|gruppe von|gespann aus|mannschaft von|team mit|firma mit|betrieb mit|kanzlei mit|"
    "belegschaft von|team:|teamgroße:|teamgroße|nutzer:|mitarbeiter:|personen:|anzahl|buro mit|praxis mit|agentur mit",
    and_i="und ich|und mich|plus ich|und meine wenigkeit",
    my_name="mein name ist|mein name|name ist|ich heiße|ich heisse|heiße|heisse|name|nennen sie mich|ansprechpartner(?:in)?|"
    "kontakt|mein name lautet|nachname ist|vorname ist|verlangen sie|fragen sie nach|nach mir fragen|gezeichnet|gez|"
    "unterzeichnet|sie sprechen mit|hier spricht|es schreibt|wer|grußt|grusst|ihr|ihre|euer|eure",
    i_am="ich bin die|ich bin der|ich bin|bin|hier ist|hier|das ist|am apparat|i bin|ich,",
    here="hier|am apparat|spricht|schreibt|grußt|grusst|meldet sich",
    greetings="hallo|hi|hey|guten (?:tag|morgen|abend)|servus|moin(?: moin)?|gruß gott|gruezi|grusse|tag|"
    "sehr geehrte (?:damen und herren|damen|herren)|liebes team|hallo zusammen|liebe|morgen|n'abend|tach",
    closings="(?:mit )?(?:freundlichen|besten|lieben|herzlichen|schonen|vielen|kollegialen|sonnigen) (?:grußen|gruß|grußen|grusse|dank)|"
    "(?:viele|beste|liebe|schone|herzliche|freundliche) (?:gruße|grusse)|gruß|gruße|grusse|mfg|lg|vg|bg|danke|"
    "vielen dank|besten dank|dank im voraus|hochachtungsvoll|schonen gruß|danke und gruß|tschuss|bis dann",
    titles="dr|prof|herr|frau|ing|dipl|mag|dipl-ing|dipl\\.-ing|med|univ|familie|hr|fr",
    particles="von|van|zu|der|den|de|vom|zum|zur|und zu",
    works_surely="arbeite (?:bei|fur)|wir arbeiten (?:bei|fur)|bei der firma|im auftrag (?:von|der)|im namen (?:von|der)|angestellt bei|firma",
    works_at="arbeite (?:bei|fur|in|im|beim|an der)|bei der firma|fur die firma|firma|fa\\.|(?:bin|sind|komme|kommen) (?:bei|beim|vom|von der|von)|im namen (?:von|der|des)|"
    "im auftrag (?:von|der|des)|vertrete|leite|leitet|fuhre|angestellt bei|tatig bei",
    of_company="bei|bei der|beim|der|des|von|von der|vom|in|im|an der|am|fur|@",
    own_kind="(?:mein|unser|die|der|das|ein)(?:e|en|em|er)?(?: [a-z]+)? (?:praxis|kanzlei|schule|backerei|werkstatt|agentur|studio|hotel|restaurant|cafe|brauerei|hof|stiftung|museum|bibliothek|tischlerei|schreinerei|apotheke|kita|buro|druckerei|gartnerei|metzgerei|firma|unternehmen|verein|betrieb|laden)(?: heißt|,| namens)?",
    we_as="wir sind die|wir sind der|wir sind das|wir sind|wir,|wir von der|wir von|wir vom|wir bei|firma heißt|firma|unternehmen|"
    "unternehmen heißt|arbeitgeber|unsere firma ist|unsere firma heißt|verein|organisation|heißt|nennen uns|unser name|betrieb",
    organisations="buro|praxis|kanzlei|verein|schule|gymnasium|grundschule|kindergarten|kita|universitat|hochschule|klinik|"
    "krankenhaus|apotheke|hotel|gasthof|gasthaus|pension|restaurant|cafe|backerei|konditorei|metzgerei|brauerei|weingut|"
    "hof|biohof|gartnerei|druckerei|verlag|buchhandlung|bibliothek|museum|theater|stiftung|museum|verband|institut|"
    "werkstatt|autohaus|spedition|reederei|logistik|werke|werk|technik|systeme|medien|agentur|beratung|bau|holzbau|"
    "tischlerei|schreinerei|elektro|sanitar|maschinenbau|immobilien|versicherung|bank|sparkasse|stadtwerke|gemeinde|"
    "landratsamt|amt|feuerwehr|reisen|touristik|optik|mobel|moden|textil|handel|group|gruppe|partner|sohne|software|"
    "solutions|consulting|gebruder|haus|studio|atelier|salon|zentrum|\\w+(?:verein|werke|werk|schule|klinik|praxis|kanzlei|"
    "verlag|hof|bau|technik|druckerei|backerei|brauerei|apotheke|gesellschaft|stiftung|werkstatt|handel|reisen)",
    former="ehemalige[rnms]?|ehemals|fruher bei|nicht mehr|arbeitete|war (?:bei|fruher)|gekundigt|ex-\\w+|verlassen",
    roles=_ROLES,
    role_parts="leitende[rn]?|stellvertretende[rn]?|kaufmannische[rn]?|technische[rn]?|senior|junior|erste[rn]?|"
    "geschaftsfuhrende[rn]?|zweite[rn]?|freie[rn]?|freiberufliche[rn]?|selbststandige[rn]?|angestellte[rn]?|medizinische[rn]?|"
    "vertrieb|einkauf|marketing|logistik|personal|it|produktion|entwicklung|qualitat|technik|finanzen|controlling|"
    "kundendienst|kundenservice|innendienst|außendienst|lager|verkauf|export|product|sales|wissenschaftliche[rn]?",
    role_links="im|in|fur|der|des|und|bereich|von",
    role_ends="und|bei|hier|aus|im|in|von|beim|der|des|eines|einer|am",
    i_am_role="ich bin|bin|als|ich arbeite als|arbeite als|funktion|position|rolle|beruf|von beruf|tatig als|meine rolle ist|"
    "hier|wir sind|ich,|in meiner funktion als|stelle",
    no_name="interessiert|auf|der|die|das|bei|dabei|sicher|froh|neu|gerade|noch|hier|dran|raus|fertig|gespannt|unsicher|"
    "budget|firma|name|telefon|mail|email|e-mail|bedarf|preis|preise|angebot|gerne|danke|bitte|ja|nein|nutzer|lizenzen|"
    "team|excel|google|mit|mal|kein|nur|nicht|etwas|nichts|alles|genau|richtig|stimmt|unsere|unser|wir|ich|es|sie|zwei|drei|"
    "vier|funf|sechs|zehn|stuck|euro|im|in|am|monatlich|jahrlich|sofort|weihnachten|ostern|deutsch|englisch|leider|"
    "verantwortlich|zustandig|datum|an|von|betreff|vielen|schone|liebe|viele|beste|mfg|lg|vg|also|ok|okay|hm|ach|na|dann|"
    "und|oder|aber|heute|morgen|projekt|termin|besten|zum|zur|zu|geschaftsfuhrung|einkauf|vertrieb",
    name_ends="und|aus|von|vom|bei|ich|wir|hier|der|die|mein",
    bare_names=True,
    articles="der|die|das|den|dem|ein|eine|einen|einem|einer|unser|unsere|unseren|mein|meine|unserer",
    company_articles="die|der|das|dem|den|firma|fa\\.",
    company_joints="und|&|der|des|am|fur|von|zum|zur|im|an der",
    company_ends="und|wir|ich|in|mit|die|das|aus|ist|sind|hat|haben|fur|zu|auf|als|an|unser|mein|suchen|suche|brauchen|bei|"
    "von|oder|bitte|wird|kann|hier|jetzt|ein|eine|es|budget|nicht|wenn|wann|da|weil|aber|der|mochte|mochten|hatte|hatten",
    labels={
        "name|ansprechpartner(?:in)?|kontakt|wer|vor- und nachname": "name", "firma|unternehmen|organisation|verein|betrieb|arbeitgeber|wo": "company",
        "rolle|position|funktion|titel|beruf|stelle": "role", "e-?mail|mail|e-mail-adresse|mailadresse": "email",
        "telefon|tel|handy|mobil|telefonnummer|rufnummer": "phone", "budget|preisrahmen|kostenrahmen|etat": "budget",
        "zeitplan|termin|start|wann|bis wann|zeitraum|beginn|einfuhrung|zeitrahmen": "timeline",
        "teamgroße|nutzer|mitarbeiter|personen|anzahl|lizenzen|anwender|team|user": "team_size",
        "bedarf|anliegen|gesucht|wunsch|interesse|projekt|betreff|was|suche|thema|anforderung": "need",
    },
    need="brauchen|brauche|braucht|benotigen|benotige|benotigt|suchen|suche|sucht|mochten|mochte|wollen|will|wunschen uns|"
    "wunsche mir|hatten? (?:wir |ich )?gerne?|hatte[ns]? gerne?|interessieren uns fur|interessiere mich fur|interesse an|"
    "interessiert an|auf der suche nach|bedarf an|gesucht wird|gesucht|es fehlt|uns fehlt|mir fehlt|es geht um|geht um|"
    "sind dabei|uberlegen|erwagen|denken uber|versuchen|loswerden|ersetzen|ablosen|kaufen|anschaffen|einfuhren|beschaffen|planen|bitte um|anfrage fur|anfrage zu",
    not_need="angebot|angebote|rabatt|anruf|ruckruf|demo|vorfuhrung|person|mensch|menschen|jemand|ansprechpartner|preis|preise|"
    "preisliste|info|infos|information|informationen|prospekt|katalog|testzugang|probezugang|hilfe|antwort|termin|"
    "gesprach|beratungsgesprach|erstattung|unterlagen|rechnung|kostenvoranschlag|testversion|zeit|ruhe|geduld|beratung",
    pronouns="es|das|ihn|dies|sie",
    never_need="sie|ihn|es|das|dies|mehr|etwas|alles|nichts|wissen|fragen|sprechen|reden|horen|"
    "umstieg|umzug|wechsel|kundigen|andern|bestellen|loslegen|starten|beginnen|unterschreiben|bis|ab|im|am|"
    "nur|nicht|gerne|gern|noch|wir|ich|uns|mir|haben|machen|sagen|schauen",
    need_preposition="fur|mit|zu|uber|von|bei|an|um|am|auf|in|und|oder|heute|morgen|bitte|bevor",
    generic="tool|software|system|app|losung|etwas|programm|plattform|produkt|anwendung|werkzeug|dienst",
    products="software|tool|system|app|crm|erp|plattform|webseite|webshop|onlineshop|portal|datenbank|chatbot|newsletter|\\w+(?:verwaltung|software|planung|erfassung|buchung|system|abrechnung|steuerung|kalender|programm|tool|shop|portal)|zeiterfassung|buchhaltung",
    purpose="(?:um|damit wir|damit ich) (?P<what>(?:\\w+ ){1,4}(?:zu \\w+en|verwalten|planen|erfassen|organisieren|automatisieren|digitalisieren))",
    need_of="(?:angebot|angebote|kostenvoranschlag|preis|preise|preisliste|demo|vorfuhrung|info|infos|informationen|ersatz|alternative|hilfe|unterlagen) (?:fur|zu|zum|zur|uber|bei)",
    need_after="gesucht|gewunscht|benotigt|gebraucht|erwunscht|notig",
    need_before="mehr (?:brauchen|wollen) wir nicht|das (?:brauchen|suchen|wollen) wir|das ist alles|das brauche ich",
    need_ends="bis|ab|im|am|fur (?:\\d+|etwa|rund|unser|unsere|uns|mein|zwei|drei|vier|funf|sechs|zehn|zwolf|ein team|ca)|"
    "mit (?:einem )?budget|weil|da|denn|damit|und (?:wir|ich|haben|zwar|das|die)|spatestens|sofort|dringend|moglichst|aber|"
    "am liebsten|bitte|danke|zum|in (?:den|der|zwei|drei|vier|\\d+)|innerhalb|wenn|statt|anstatt|als|maximal|"
    "budget|ablosen|ersetzen|loswerden|haben|kaufen|anschaffen|einfuhren|nutzen|verwenden|vor|nachstes|nachsten|auf",
    need_lead="uns|mir|fur uns|fur mich|gern|gerne|dringend|noch|auch|derzeit|aktuell|gerade|schon lange|lange|endlich|nach|"
    "also|wir|ich|hier|um|dafur|jetzt|momentan|fur unser team|fur unsere firma|fur unseren verein|fur den|eigentlich|unbedingt",
    need_small="neue[snr]?|gute[snr]?|einfache[snr]?|kleine[snr]?|ein|eine|einen|paar|ein paar|etwas|unverbindliche[snr]?|kurze[snr]?",
    surname="nachname|nachnamen|familienname|zuname|mit nachnamen|voller name|vollstandiger name",
    own_lead="wir|nutzen|verwenden|haben|arbeiten mit|mit|das|ist|die|es|aktuell|derzeit|im moment|ja",
    topics={
        "name|heißen|heissen|wer sind sie|wie darf ich sie|nachname|nachnamen|vorname|namen|wer sind": "name",
        "firma|unternehmen|organisation|verein|arbeiten sie|betrieb|arbeitgeber|schule": "company",
        "rolle|position|funktion|aufgabe|was machen sie|beruf|zustandig": "role",
        "e-?mail|mail|mailadresse|adresse|erreiche\\w*|erreichen|kontakt|kontaktdaten|schicken": "email",
        "telefon|nummer|anrufen|telefonnummer|erreiche\\w*|erreichen|ruckruf|handy|kontakt": "phone",
        "budget|ausgeben|preisrahmen|investieren|betrag|geld|wie viel|wieviel|summe|kosten|monat|jahr": "budget",
        "wann|termin|zeitplan|bis wann|start|beginn|frist|datum|zeitraum|zeitpunkt": "timeline",
        "wie viele|wieviele|wie groß|nutzer|mitarbeiter|personen|lizenzen|team|anwender|leute|anzahl": "team_size",
        "was brauchen sie|was suchen sie|womit|was braucht|wobei|worum|bedarf|anliegen|helfen|was genau|interessiert": "need",
    },
)
