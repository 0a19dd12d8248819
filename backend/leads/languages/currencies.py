"""What money is called: signs, codes and words of any language, and whose dollar it is."""

from typing import Final

DOLLARS: Final = {
    "US": "USD",
    "CA": "CAD",
    "AU": "AUD",
    "NZ": "NZD",
    "SG": "SGD",
    "HK": "HKD",
    "TW": "TWD",
    "JM": "JMD",
}
PESOS: Final = {
    "MX": "MXN",
    "CO": "COP",
    "AR": "ARS",
    "CL": "CLP",
    "UY": "UYU",
    "PH": "PHP",
    "CU": "CUP",
    "DO": "DOP",
}
CROWNS: Final = {"SE": "SEK", "NO": "NOK", "DK": "DKK", "IS": "ISK", "CZ": "CZK"}
FRANCS: Final = {"CH": "CHF", "LI": "CHF"}
RUPEES: Final = {"IN": "INR", "PK": "PKR", "LK": "LKR", "NP": "NPR", "MU": "MUR"}
POUNDS: Final = {"GB": "GBP", "EG": "EGP"}

CODES: Final = (
    "usd eur gbp chf cad aud nzd sgd hkd jpy cny inr ils sek nok dkk pln czk huf ron bgn try uah rub brl mxn cop ars "
    "clp pen uyu zar aed sar php thb krw"
)
NAMED: Final = {
    "€|euros?|euronen|pavos|pavs|eur|evro|eura|יורו|אירו": "EUR",
    "£|quid|pounds sterling|sterling|gbp": "GBP",
    "₪|nis|ils|shekels?|sheqels?|ש\"ח|שח|ש''ח|שקל|שקלים|שקלים חדשים": "ILS",
    "us ?\\$|usd|us dollars?|american dollars?|us-dollar|dolares americanos|dollars americains": "USD",
    "c\\$|ca\\$|cad|canadian dollars?": "CAD",
    "a\\$|au\\$|aud|australian dollars?|aussie dollars?": "AUD",
    "nz\\$|nzd": "NZD",
    "s\\$|sgd": "SGD",
    "r\\$|reais|real|brl": "BRL",
    "zł|zl|zlotych|zlote|zloty|złotych|złote|złoty|pln": "PLN",
    "kč|kc|korun|koruny|czk": "CZK",
    "₹|inr": "INR",
    "¥|円|yen|jpy": "JPY",
    "₴|грн|гривень|гривні|hryvnias?|uah": "UAH",
    "₺|tl|lira|liras|try": "TRY",
    "chf|sfr\\.?|franken|stutz|swiss francs?|francs suisses": "CHF",
    "sek|svenska kronor": "SEK",
    "nok": "NOK",
    "dkk": "DKK",
    "₽|руб|рублей|rubles?": "RUB",
    "mxn": "MXN",
    "zar|rand": "ZAR",
    "s/\\.?|soles|pen": "PEN",
}
BY_REGION: Final = {
    "\\$|dollars?|bucks|piasses?|piastres?|dolar|dolares|דולר|דולרים": (DOLLARS, "USD"),
    "pesos?": (PESOS, None),
    "kr\\.?|kronor|kroner|crowns?": (CROWNS, None),
    "fr\\.?|francs?": (FRANCS, None),
    "rs\\.?|rupees?": (RUPEES, "INR"),
    "pounds?|livres?|libras?|pfund": (POUNDS, "GBP"),
}
