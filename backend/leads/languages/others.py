"""Languages of which only e-mail addresses, phone numbers, money and what stands alone are read."""

from typing import Final

from backend.leads.languages.base import Language

_MONEY: Final = {
    "it": "budget|spendere|spesa|investire|massimo|disponibili|possiamo|abbiamo|ho",
    "nl": "budget|besteden|uitgeven|maximaal|beschikbaar|hebben|heb",
    "pt": "orcamento|gastar|investir|verba|disponivel|temos|tenho|podemos",
    "pl": "budzet\\w*|wydac|przeznaczyc|maksymalnie|mamy|mam|możemy",
    "sv": "budget|budgeten|lagga|spendera|avsatt|max|har",
    "da": "budget|budgettet|bruge|afsat|maks|har",
    "tr": "butce\\w*|harca\\w*|ayir\\w*|en fazla",
    "cs": "rozpocet|utratit|investovat|maximalne|mame|mam",
    "uk": "бюджет\\w*|витратити|маємо|маю",
    "ja": "予算|まで",
}
_COMMON: Final = {
    "it": "il lo la gli le di che e un una per con non sono ho abbiamo siamo mi ci da del della vostro nostro voi noi",
    "nl": "de het een en van ik wij we is niet voor met op zijn naar ons onze mijn kan graag dat deze",
    "pt": "o a os as um uma de do da que e para com nao por em temos tenho sou somos nos meu nossa favor obrigado",
    "pl": "i w na z nie do się sie to jest mam mamy prosze dla jak po czy jestem nas moj",
    "sv": "och att det som en ett på pa är ar for vi jag inte med till har kan detta oss min",
    "da": "og at det som en et på er for vi jeg ikke med til har kan dette os min",
    "tr": "ve bir bu için icin ile de da ne var yok biz ben mi cok daha kadar",
    "cs": "a v na se je to ze že do pro jsem jsme mame s ne jak muj nas",
    "uk": "і в на з не до що це є ми я для як по від нас",
    "ja": "",
}
_OUTSIDERS: Final = {
    "it": "concorrent\\w+|collega|cliente|vicin[oa]|amic[oa]|fornitore|capo",
    "nl": "concurrent\\w*|collega|klant|buurman|vriend|leverancier|baas",
    "pt": "concorren\\w+|colega|cliente|vizinh[oa]|amig[oa]|fornecedor|chefe",
    "pl": "konkuren\\w+|kolega|klient|sasiad\\w*|przyjaciel|dostawca|szef",
    "sv": "konkurrent\\w*|kollega|kund|granne|van|leverantor|chef",
    "da": "konkurrent\\w*|kollega|kunde|nabo|ven|leverandor|chef",
    "tr": "rakip\\w*|arkadas\\w*|musteri|komsu\\w*|patron\\w*",
    "cs": "konkuren\\w+|kolega|klient|soused\\w*|dodavatel|sef",
    "uk": "конкурент\\w*|колега|клієнт|сусід\\w*|начальник",
    "ja": "競合|友人|上司|同僚",
}
_NEGATION: Final = {
    "it": "non|niente|nessun\\w*|senza", "nl": "niet|geen|zonder", "pt": "nao|sem|nenhum\\w*|nada", "pl": "nie|bez|brak",
    "sv": "inte|ingen|inget|utan", "da": "ikke|ingen|uden", "tr": "yok|degil|hayir", "cs": "ne|nemame|bez|zadny",
    "uk": "не|немає|без", "ja": "ない|ません",
}
_AT_MOST: Final = {
    "it": "fino a|massimo|al massimo|max", "nl": "tot|maximaal|hooguit|max", "pt": "ate|no maximo|maximo|max",
    "pl": "do|maksymalnie|najwyzej|max", "sv": "upp till|hogst|max|maximalt", "da": "op til|hojst|maks|max",
    "tr": "en fazla|kadar", "cs": "do|maximalne|nejvyse|max", "uk": "до|максимум", "ja": "まで|以内",
}
_PER: Final = {
    "it": ("al mese|mensili|/mese", "all'anno|annui|annuali|/anno"), "nl": ("per maand|p/m|/maand", "per jaar|/jaar"),
    "pt": ("por mes|ao mes|mensais|/mes", "por ano|ao ano|anuais|/ano"),
    "pl": ("miesiecznie|na miesiac|/mies", "rocznie|na rok|/rok"),
    "sv": ("per manad|i manaden|/man", "per ar|om aret|/ar"), "da": ("om maneden|per maned|/md", "om aret|per ar"),
    "tr": ("ayda|aylik", "yilda|yillik"), "cs": ("mesicne|/mes", "rocne|/rok"), "uk": ("на місяць", "на рік"),
    "ja": ("月|毎月|月額", "年|年間"),
}
_ASKS: Final = {
    "it": "quanto|quanti|come|quando|dove|perche|cosa|avete", "nl": "hoe\\w*|wat|wanneer|waar|waarom|hebben jullie",
    "pt": "quanto|quantos|como|quando|onde|porque|o que|tem", "pl": "ile|jak|kiedy|gdzie|dlaczego|co|czy",
    "sv": "hur|vad|nar|var|varfor|har ni", "da": "hvor|hvad|hvornar|hvorfor|har i", "tr": "ne|nasil|nerede|kac",
    "cs": "kolik|jak|kdy|kde|proc|co", "uk": "скільки|як|коли|де|чому|що", "ja": "何|いつ|いくら",
}


_POWERS: Final = {"mil|mille|mila|tusen|tusind|duizend|tys|tis|bin|тис": 1000, "万": 10_000, "milion\\w*|milhoes|mln|milyon": 10**6}


def _language(code: str) -> Language:
    month, year = _PER[code]
    return Language(
        code=code, common=_COMMON[code], units={}, powers=_POWERS,
        outsiders=_OUTSIDERS[code], negation=_NEGATION[code], asks=_ASKS[code], budget=_MONEY[code],
        at_most=_AT_MOST[code], month=month, year=year, to="-", first=_MONEY[code],
    )


OTHERS: Final = tuple(map(_language, _COMMON))
