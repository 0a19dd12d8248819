"""French."""

from typing import Final

from backend.leads.languages.base import Language

_UNITS = dict(
    zip(
        "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split(),
        range(1, 17),
        strict=True,
    )
) | {"une": 1, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70,
     "huitante": 80, "nonante": 90, "quatre-vingt": 80, "quatre-vingts": 80, "quatre vingt": 80, "cent": 100, "cents": 100}
_WHO = (
    "collegues?|assistante?|secretaire|client|cliente|voisine?s?|amie?s?|copain|copine|pote|frere|soeur|mere|pere|mari|femme|"
    "epouse|epoux|cousine?|oncle|tante|beau-frere|belle-soeur|beau-pere|belle-mere|predecesseur|proprietaire|comptable|"
    "avocate?|fournisseur|prestataire|agence|concurrente?s?|concurrence|consultante?|conseiller|ex|ex-patron|ex-patronne|"
    "ex-collegue|stagiaire|maison mere|societe mere|societe soeur|banque|belle-fille|gendre|ancien\\w* \\w+|fils|fille"
)
_JOBS = (
    "directeur|directrice|gerante?|dirigeante?|president|presidente|fondateur|fondatrice|cofondateur|cofondatrice|"
    "patron|patronne|proprietaire|associee?|responsable|chef|cheffe|tresorier|tresoriere|secretaire|adjointe?|"
    "assistante?|comptable|controleur|controleuse|acheteur|acheteuse|vendeur|vendeuse|commerciale?|technicien|"
    "technicienne|ingenieure?|developpeur|developpeuse|programmeur|informaticien|informaticienne|architecte|designer|"
    "graphiste|redacteur|redactrice|journaliste|auteur|autrice|photographe|traducteur|traductrice|interprete|artiste|"
    "musicien|musicienne|professeure?|enseignante?|instituteur|institutrice|formateur|formatrice|chercheur|chercheuse|"
    "etudiante?|bibliothecaire|educateur|educatrice|animateur|animatrice|coach|conseiller|conseillere|consultante?|"
    "avocate?|notaire|juriste|medecin|docteur|dentiste|veterinaire|pharmacienne?|pharmacien|infirmier|infirmiere|"
    "kinesitherapeute|kine|psychologue|opticien|opticienne|sage-femme|menuisier|menuisiere|charpentier|macon|couvreur|"
    "peintre|electricien|electricienne|plombier|chauffagiste|mecanicien|mecanicienne|serrurier|soudeur|boulanger|"
    "boulangere|patissier|patissiere|boucher|bouchere|cuisinier|cuisiniere|serveur|serveuse|brasseur|vigneron|"
    "vigneronne|viticulteur|agriculteur|agricultrice|maraicher|maraichere|fleuriste|jardinier|jardiniere|paysagiste|"
    "coiffeur|coiffeuse|estheticienne|couturier|couturiere|cordonnier|bijoutier|horloger|relieur|relieuse|libraire|"
    "imprimeur|chauffeur|livreur|livreuse|transporteur|coursier|pilote|capitaine|pompier|gendarme|gardien|gardienne|"
    "maire|pretre|hotelier|hoteliere|restaurateur|restauratrice|receptionniste|recruteur|recruteuse|apprentie?|"
    "stagiaire|benevole|econome|intendante?|apiculteur|apicultrice|potier|potiere|ebeniste|luthier|conservateur|"
    "conservatrice|doyen|doyenne|proviseure?|principale?|regisseur|regisseuse|ostheopathe|osteopathe|salariee?|employee?|"
    "ouvrier|ouvriere|monteur|monteuse|operateur|operatrice|caissier|caissiere|agent|agente|gestionnaire|coordinateur|"
    "coordinatrice|administrateur|administratrice|independante?|auto-entrepreneur|artisane?"
)

FRENCH: Final = Language(
    code="fr",
    common="le la les l' un une des du de et est sont nous je j'ai vous on il elle ne pas pour avec sur dans en au aux ce "
    "cette ces que qui quoi mais ou donc car par plus mon ma mes notre nos votre vos son sa ses leur c'est avons ai suis "
    "sommes avez etes ont a y bonjour merci svp si tres bien tout tous fait faire voudrais voudrions besoin d'un d'une "
    "n'est n'avons aussi juste quel quelle comment combien quand salut bonsoir pourrions aimerait aimerais d'ici",
    units=_UNITS,
    powers={"mille|mil": 1000, "millions?": 10**6, "milliards?": 10**9, "cents?": 100, "balles": 1},
    number_and="et",
    zero="zero",
    twice="double",
    fourth="un quart de",
    half="(?:un )?demi",
    groups={
        "une demi-douzaine": 6, "une douzaine": 12, "une dizaine": 10, "une quinzaine": 15, "une vingtaine": 20,
        "une trentaine": 30, "une quarantaine": 40, "une cinquantaine": 50, "une soixantaine": 60, "une centaine": 100,
        "deux douzaines": 24, "douzaine": 12, "dizaine": 10, "quinzaine": 15, "vingtaine": 20, "trentaine": 30,
        "cinquantaine": 50, "centaine": 100,
    },
    to="a|ou|jusqu'a|voire",
    between="entre|de",
    both="et",
    first="je|j'ai|j'aurais|j'aimerais|j'|nous|on|mon|ma|mes|notre|nos|moi|me|m'a|m'ont",
    first_object="nous|me|m'a|m'ont",
    negation="ne|n'est|n'a|n'ai|n'avons|n'y|n'ont|n'aurons|n'en|n'etait|pas|jamais|aucune?|rien|personne|ni|non|plus de budget",
    asks="que|qu'est-ce|qu'|qui|quoi|quel|quelle|quels|quelles|quand|ou|comment|combien|pourquoi|est-ce|est-il|avez-vous|"
    "faites-vous|peut-on|pouvez-vous|puis-je|y a-t-il|c'est combien|ca coute|faut-il|sont-ils|a-t-on|existe-t-il|"
    "proposez-vous|avez vous|etes-vous|serait-il|vaut-il|doit-on|dois-je|pourquoi|cela|ca marche|vous avez|vous faites|"
    "est ce|lequel|laquelle|auriez-vous|prenez-vous|acceptez-vous|t'as|tu as",
    asks_not="ce que nous|ce que je|ou nous|quand nous|quand on|comme|ce qu'il|qui plus est|que du|ou en|cela nous|cela fait",
    requests="(?:pouvez|pourriez|peux|pourrais|peut|pourrait|puis|auriez|serait)-?\\s?(?:vous|tu|on|je|il)\\b[^?.]{0,40}(?:envoyer|"
    "appeler|rappeler|joindre|ecrire|contacter|transmettre|faire parvenir|proposer|aider|noter|recontacter|adresser|faire|"
    "etablir|avoir|obtenir|corriger|modifier|changer)",
    supposed="si|supposons|imaginons|imaginez|imagine|admettons|mettons que|par exemple|p\\. ?ex\\.|reve|rever|revons|"
    "serait l'ideal mais|en theorie|theoriquement|hypothetiquement|blague|je plaisante|"
    "faisons comme si|serait chouette|serait genial",
    wished="(?:ce|ca) serait (?:bien|super|genial|top)|serait chouette|serait genial",
    outsiders=rf"(?:mon|ma|mes|notre|nos|un|une|le|la|les|l'|son|sa|leur|des|du|au|votre)(?: ?(?:ancien|ancienne))? ?(?:{_WHO})|"
    rf"l'(?:{_WHO})|d'(?:{_WHO})|concurrence|les concurrents|\w+ (?:dit|disait|m'a dit|paie|gagne|facture|demande)|un autre",
    superiors="(?:mon|ma|notre|le|la) (?:chef|cheffe|patron|patronne|directeur|directrice|president|presidente|conseil|"
    "direction|daf|hierarchie|responsable|bureau|comite|comptabilite|conseil d'administration|mairie)",
    they="il(?! (?:faut|y|nous|me|s'agit|est|fait|faudrait|reste|manque|suffit|se peut))|elle|ils|elles|quelqu'un|quelqu'une|autrui|les autres|ses|lui",
    gives="m'a (?:donne|accorde|alloue)|m'ont (?:donne|accorde|alloue)|nous (?:a|ont) (?:donne|accorde|alloue)|me (?:donne|laisse)|nous (?:donne|laisse)",
    past="autrefois|c'etait avant|avant,|auparavant|l'an dernier|l'annee derniere|le mois dernier|la semaine derniere|l'ete dernier|il y a \\w+ "
    "(?:ans|mois|semaines|jours)|hier|etait|etaient|avait|avions|payait|coutait|a coute|depense|"
    "jadis|naguere|jusqu'ici|a l'epoque|etions|payions|mettait",
    yours="votre (?:site|page|tarif|offre|grille|pub|publicite|newsletter|brochure|commercial|commerciale|collegue|entreprise|"
    "numero|support|facture|formule|concurrent|concurrente|blog|video|robot|mail|devis|plaquette|abonnement|prix)|vos "
    "(?:tarifs|prix|concurrents|offres|formules|clients|conditions|collegues|abonnements|publicites)|vous (?:dites|annoncez|"
    "facturez|demandez|promettez|affichez|ecrivez|vendez|proposez)",
    orders="desormais|a partir de maintenant|ignore (?:les|toutes|tes|ces)|ignorez (?:les|toutes|vos)|instructions?|"
    "chaque visiteur|tous les visiteurs|tu es maintenant|enregistre (?:le|la)|mets le (?:budget|nom|champ)|prompt|"
    "oublie (?:les|tes|toutes)|fais comme|note que",
    but="mais|car|parce que|puisque|alors que|tandis que|cependant|toutefois|donc|et (?:nous|je|j'ai|mon|notre|on|il|elle|"
    "cherche|cherchons|souhaite|voudrais|avons|besoin|que|vous)|qui|pourtant|afin",
    correction="en fait|en realite|finalement|pardon|desolee?|correction|je corrige|je voulais dire|plutot|non|rectification|"
    "erreur|je me suis trompee?|oups|attendez|attends|mettez|disons|a la place|au lieu|maintenant|desormais|revu|ramene|"
    "repousse|reporte|decale|augmente|baisse|passe a|c'etait avant|oubliez|oublie|precisement|mal lu|plus exactement",
    withdrawal="oubliez|oublie|ignorez|laissez tomber|laisse tomber|annulez|annule|supprimez|supprime|effacez|efface|retirez|"
    "je retire|ne tient plus|n'est plus|caduc|gele|plus d'actualite|ne comptez plus|tant pis",
    yes="oui|ouais|si|exactement|tout a fait|bien sur|d'accord|c'est ca|absolument|effectivement|ok|evidemment|volontiers",
    no="non|nan|pas vraiment|pas encore|pas du tout|jamais|aucunement|malheureusement non",
    at="arobase|at|chez",
    dot="point",
    underscore="underscore|tiret bas|souligne",
    dash="tiret|trait d'union",
    extension="poste|ext|extension",
    not_email="en copie|copie|cc|ancienne adresse|n'est plus|plus valable",
    preferred="de preference|plutot|mieux|idealement",
    not_phone="fax|telecopie|commande|facture|dossier|client|numero client|siret|siren|iban|rib|compte|carte|carte bleue|"
    "securite sociale|tva|suivi|reference|ref|ticket|contrat|votre (?:numero|ligne|standard|hotline)|standard|accueil|"
    "ancien numero|n'est plus|plus valable|passeport|identite|adherent|colis|article|immatriculation|police|isbn|secu",
    countries={
        "france|francaise?s?": "FR", "belgique|belges?": "BE", "suisse|suisses?": "CH", "canada|canadienne?s?|canadien|quebec": "CA",
        "allemagne|allemande?s?": "DE", "espagne|espagnole?s?": "ES", "angleterre|royaume-uni|britannique|anglaise?": "GB",
        "etats-unis|americaine?s?|usa": "US", "israel|israelienne?|israelien": "IL", "italie|italienne?|italien": "IT", "luxembourg": "LU",
        "pays-bas": "NL", "portugal": "PT", "maroc": "MA", "tunisie": "TN", "senegal": "SN",
    },
    budget="budget|enveloppe|depenser|investir|mettre|consacrer|allouer|alloue|allouee?s|debloquer|debloque|accorde|prevu|prevus|"
    "dispose|disposons|disponible|disponibles|plafond|plafonne|limite|fourchette|sur la table|de cote|monter jusqu'a|"
    "aller jusqu'a|grand maximum|valide|autorise|approuve|permettre|payer|a depenser|a mettre|nous avons|on a|j'ai|"
    "cagnotte|ressources|moyens|vote|voté|pour ca|pour cela|pour ce projet|credits|subvention de|en tout|au total|tablons|"
    "tabler|comptons|compter|partir sur|partons sur|reserve|reserves|debourser|engager|mettrai|mettrons",
    budget_given="budget|enveloppe|accorde|alloue|valide|m'a donne|m'ont donne|nous a donne|ramene|debloque|vote|de cote|on a|"
    "nous avons|j'ai",
    at_most="jusqu'a|maximum|max|max\\.|au maximum|au plus|tout au plus|pas plus de|moins de|plafond|plafonne|limite|sous les|"
    "en dessous de|sans depasser|ne pas depasser|ne depasse pas|inferieur a|grand maximum|a tout casser|dans la limite de",
    at_least="au moins|minimum|min\\.|a partir de|au minimum|pas moins de|plus de|superieur a|des",
    hedges="svp|merci|si possible|idealement|environ|autour de|autour des|a peu pres|approximativement|env\\.?|vers|pres de|presque|peut-etre|disons|dans les|"
    "de l'ordre de|quelque|plutot|seulement|juste|exactement|actuellement|les|une petite|petite|aujourd'hui|bien",
    not_budget="chiffre d'affaires|ca de|revenus?|benefices?|pertes?|leve|levee|levee de fonds|financement|investisseurs?|salaire|"
    "salaires|gagne|gagnait|loyer|dette|emprunt|credit immobilier|amende|coute|coutent|cout|prix|tarif|affiche|caution|"
    "remboursement|facture|frais|prime|economise|economies|don|vole|remise|concurrent|concurrence|facturait|facture|paie|"
    "payait|devis|autre offre|vaut|valorisation|assurance|abonnement actuel|par tete|par personne|chacun|l'unite|piece|"
    "loto|herite|gagner|dans la pub|subventions? recue",
    per_unit="(?:par|/|l[ea']?|la) ?(?:utilisateur|personne|tete|poste|licence|siege|employe|salarie|mois et par \\w+|heure|"
    "jour|nuit|piece|unite|appareil|client|page|vehicule|chambre|eleve|enfant|membre|appel)|piece|chacune?|l'unite|l'heure",
    taxes="ht|ttc|hors taxes?|toutes taxes comprises|net|brut|en tout|au total|tva comprise",
    month="(?:par|le|au|/|chaque)\\s?mois|/\\s?mois|mensuels?|mensuelle?s?|mensuellement",
    year="(?:par|/|chaque)\\s?(?:an|annee)|l'an|l'annee|/\\s?an|annuels?|annuelle?s?|annuellement|a l'annee",
    once="une fois|une seule fois|en une fois|une bonne fois|unique|paiement unique|ponctuel|forfait|forfaitaire|en un seul versement",
    months={
        "janvier|janv": 1, "fevrier|fevr": 2, "mars": 3, "avril|avr": 4, "mai": 5, "juin": 6, "juillet|juil": 7,
        "aout": 8, "septembre|sept": 9, "octobre|oct": 10, "novembre|nov": 11, "decembre|dec": 12,
    },
    weekdays={"lundi": 0, "mardi": 1, "mercredi": 2, "jeudi": 3, "vendredi": 4, "samedi": 5, "dimanche": 6},
    ordinal="er|e",
    ordinals={"premier": 1},
    of="de|du|de l'|d'|en|des|de la|le mois de|le mois d'",
    parts={
        "(?:a la |la |en )?fin": "end", "(?:le |au |en )?debut(?! en)": "early", "(?:la )?mi|milieu|(?:au )?milieu": "mid",
        "courant mois": "mid",
    },
    time_units={
        "jours?": "day", "semaines?": "week", "mois": "month", "trimestres?": "quarter", "semestres?": "half", "ans?|annees?": "year",
    },
    spans={"quinze jours": ("week", 2), "une quinzaine(?: de jours)?": ("week", 2), "huit jours": ("week", 1), "six mois": ("month", 6)},
    this="ce|cet|cette|ces|ce mois|cette fin d'",
    next="le prochain|la prochaine|prochain|prochaine",
    next_after="prochaine?|suivante?|qui vient|a venir",
    next_weekday="first",
    after_weekday="first",
    next_week_day="la semaine prochaine|semaine prochaine|de la semaine prochaine",
    ahead="dans|d'ici|sous|en|dans les|d'ici a|dans environ|dans un delai de|en moins de|d'ici environ|sous environ",
    ahead_after="a compter d'aujourd'hui|a partir d'aujourd'hui",
    days={"aujourd'hui": 0, "ce soir": 0, "demain": 1, "apres-demain": 2},
    quarter="t|q|trimestre",
    halves={"(?:premier|1er) semestre|s1": 1, "(?:second|deuxieme|2e|2eme) semestre|s2": 2},
    feasts={"noel": (12, 25), "nouvel an|jour de l'an": (1, 1), "saint-sylvestre": (12, 31), "la toussaint|toussaint": (11, 1)},
    seasons="printemps|ete|automne|hiver|paques|la rentree|rentree|la pentecote|pentecote|les vacances|grandes vacances",
    soon="asap|des que possible|au plus vite|au plus tot|le plus vite possible|le plus tot possible|immediatement|"
    "tout de suite|de suite|urgent|en urgence|rapidement|des maintenant|sans delai|d'urgence|au plus tard demain",
    part_year="fin d'annee|fin de l'annee|la fin de l'annee|fin de cette annee|d'ici la fin de l'annee",
    single="un|une",
    doubtful="ete|mars|sept|dec",
    on="en|de|d'|d'ici|avant|pour|cet|fin|debut|mi|l'|mi-|courant|des|jusqu'en|au|le mois de|ce|d'ici a|vers|l",
    next_year="l'an prochain|l'annee prochaine|prochain",
    since="a partir de|a partir du|des|depuis|a compter de|a compter du",
    starting="avant",
    buying="avant|pour|d'ici|au plus tard|demarrer|demarrage|demarrons|commencer|debuter|lancer|lancement|lance|echeance|"
    "date limite|deadline|pret|prets|operationnel|operationnelle|besoin|il nous faut|il faut|decider|decision|acheter|"
    "achat|commander|signer|signature|changer|basculer|bascule|migrer|mettre en place|mise en place|mise en service|"
    "deployer|deploiement|installer|installation|livrer|livraison|livre|ouvrir|ouverture|ouvrons|inauguration|prevu|"
    "prevoyons|planning|calendrier|objectif|souhaitee?|souhaitons|voulons|voudrions|voudrais|aimerions|aimerait|aimerais|"
    "ideal|idealement|horizon|a partir|utiliser|jusqu'au|en production|en ligne|tourner|tourne|recevoir|delai|fini|finir|"
    "terminer|partir sur|courant|presse|pressee?s",
    not_timeline="rappel\\w*|appel\\w* moi|appelez|ecrire|ecrivez|repond\\w*|parler|discuter|rencontr\\w*|rendez-vous|rdv|reunion|"
    "demo|demonstration|vacances du|conge|conges|en deplacement|absente?|de retour|nee?|anniversaire|fete|mariage|"
    "concert|festival|depuis|fondee?|creee?|expire|prend fin|se termine|echeance du contrat|contrat court|contrat se|"
    "jusqu'au \\d+ \\w+ notre contrat|resilie|facture|commande du|commande le|achete le|hier|derniere?|dernier|ferme|"
    "visite|voyage|salon|conference|horaires|chaque|tous les|toujours|retraite|etait|etaient|avait|recu|envoye|livre le \\d+ dernier",
    anybody="personnes?|tetes|membres?|hommes|femmes|gars|filles|benevoles|gens",
    using="(?:d'entre (?:eux|nous) )?(?:vont |devront |doivent |pourront |auront )*(?:utiliser|l'utiliser|s'en servir|avoir acces|besoin d'un acces|besoin d'un compte|se connecter|l'utiliseront|l'utiliseraient)",
    weak_team="pour|avec|a",
    people="personnes?|salariee?s?|employee?s?|collaborateurs?|collaboratrices?|collegues|tetes|membres de l'equipe|membres|equipiers?|"
    "etp|hommes|femmes|associee?s?|benevoles|stagiaires|apprentis|independants|vendeurs|gars|filles|agents|mains|"
    rf"(?:{_JOBS})(?:s|x)?|\w+(?:eurs|euses|trices|iers|ieres|iens|iennes)|commerciaux|"
    "intervenants|consultants|artisans|cadres|ouvriers|interimaires|alternants|freelances|profs",
    users="utilisateurs?|utilisatrices?|licences?|acces|comptes?|postes?|sieges?|usagers internes|connexions",
    not_people="clients?|clientes|appareils?|vehicules?|voitures?|camions?|camionnettes|bus|bureaux|tables?|chaises|chambres?|lits|"
    "enfants?|eleves|etudiants|invites|visiteurs?|patients?|patientes|annees?|ans|abonnes|habitants|foyers|logements|"
    "locataires|participants|lecteurs|adherents|candidats|commandes|tickets|magasins|boutiques|agences|sites|succursales|"
    "imprimantes?|ordinateurs?|portables|telephones|serveurs informatiques|machines|capteurs|cameras|pages|documents|"
    "produits|articles|pays|villes|jours|semaines|mois|heures|minutes|pour cent|km|kilometres|metres|kg|etages|parents|"
    "chiens|chats|chevaux|vaches|animaux|mails|courriels|messages|appels|appartements|couverts|places de parking|hectares",
    not_team="ville|village|population|habitants|pays|demande a|public|par jour|invite|forme|clientele|licencie|recevons|accueillons",
    we_are="nous sommes|on est|on sera|nous serons|sommes|nous etions|nous avons|on a|"
    "nous employons|employons|j'ai|on va etre",
    of_us="au total|en tout|dans l'equipe|d'entre nous|chez nous|maintenant|a l'atelier|au bureau",
    team_of="equipe de|groupe de|effectif de|effectif|structure de|societe de|pme de|tpe de|service de|equipe|equipe :|"
    "utilisateurs :|nombre|nombre de postes|collectif de|association de|cabinet de|boite de|agence de|bureau de",
    and_i="et moi|et moi-meme|plus moi",
    my_name="je m'appelle|je me nomme|mon nom est|mon nom c'est|mon nom|moi c'est|moi, c'est|appelez-moi|nom et prenom|nom|prenom|"
    "contact|demandez|demander|signe|mon prenom est|mon prenom|vous parlez a|interlocuteur|interlocutrice|qui|"
    "mon nom de famille est|je me presente",
    i_am="je suis|c'est|ici|moi,|je soussigne|je soussignee|je,|soussigne",
    here="a l'appareil|ici|au telephone",
    greetings="bonjour|bonsoir|salut|coucou|hello|hey|bjr|madame, monsieur|madame|messieurs|monsieur|cher(?:e|s)?|bonjour a tous|"
    "mesdames|allo",
    closings="cordialement|bien cordialement|bien a vous|salutations|sinceres salutations|merci|merci d'avance|merci beaucoup|"
    "cdlt|cdt|a bientot|amicalement|respectueusement|bonne journee|bonne soiree|belle journee|signe|a vous lire",
    titles="m|mr|mme|mlle|madame|monsieur|dr|docteur|maitre|me|pr|professeur",
    particles="de|du|des|la|le|van|von|ben|d",
    works_surely="travaille (?:chez|pour)|bosse (?:chez|pour)|employee? (?:chez|par)|pour le compte de|au nom de|je represente|de la societe",
    works_at="travaille (?:chez|pour|a la|au|a|dans|aux)|bosse (?:chez|pour)|employee? (?:chez|par)|de chez|chez|pour le compte (?:de|du)|"
    "au nom (?:de|du)|je represente|represente|de la societe|societe|pour la societe|entreprise|dirige|gere|de la part de|"
    "salariee? (?:chez|de)|de l'association|de l'entreprise|de|du|de la|pour",
    of_company="de|du|de la|de l'|des|d'|chez|a la|au|a|pour|@|,",
    own_kind="(?:mon|ma|notre|une|un)(?: [a-z]+)? (?:clinique|ecole|boulangerie|boutique|studio|agence|ferme|restaurant|cafe|hotel|club|cabinet|brasserie|fondation|musee|librairie|atelier|pharmacie|creche|pme|structure|entreprise|societe|boite|association)(?: s'appelle|,| nommee?| :)?",
    we_as="nous sommes|notre societe s'appelle|notre entreprise s'appelle|societe|entreprise|raison sociale|association|"
    "s'appelle|notre boite c'est|notre structure|employeur|organisme|organisation|structure|boite|ecole|c'est",
    organisations="societe|atelier|ateliers|cabinet|clinique|ecole|college|lycee|universite|hopital|hotel|auberge|restaurant|cafe|"
    "boulangerie|patisserie|boucherie|brasserie|domaine|chateau|ferme|mairie|association|fondation|musee|theatre|"
    "bibliotheque|librairie|imprimerie|editions|garage|transports?|logistique|menuiserie|maison|maisons|etablissements|ets|"
    "groupe|agence|pharmacie|cooperative|syndicat|federation|institut|centre|club|banque|assurances|conseil|conseils|freres|"
    "fils|laboratoires?|industries|services|solutions|systemes|numerique|immobilier|voyages|optique|mode|textiles|verrerie|"
    "cave|caves|vignobles|jardins|pepinieres|fleurs|bijoux|jouets|studio|creche|comptoir|compagnie|office|manufacture|scierie",
    former="ancien|ancienne|ex|ex-\\w+|plus chez|ne travaille plus|travaillais|quitte|j'etais|licencie",
    roles=_JOBS + "|pdg|dg|drh|daf|dsi|ceo|cto|cfo|rssi|raf|acheteuse|chargee?|attachee?|chefs?|dirigeant associe|"
    "metteur en scene|maitre d'hotel|maitre d'oeuvre|directeur general|directrice generale",
    role_parts="generale?|commerciale?|technique|financiere?|financier|administratif|administrative|artistique|adjointe?|"
    "principale?|marketing|logistique|achats?|ventes?|production|qualite|informatique|communication|projets?|produits?|"
    "atelier|equipe|chantier|cuisine|rayon|secteur|service|personnel|ressources humaines|rh|exploitation|maintenance|"
    "travaux|clientele|clients?|comptes?|formation|recherche|developpement|etudes|site|agence|magasin|boutique|parc|"
    "independante?|liberale?|freelance|salle|salon|caisse|export|grands comptes|digital|web|systemes?|reseaux?|securite|"
    "patrimoine|evenements?|evenementiel|paie|juridique|medicale?|scolaire|pedagogique|general|executif|la|le|restaurant|"
    "operations?|affaires|mission|innovation|transports?|flotte|stocks?|entrepot|bureau|d'atelier|d'equipe|d'exploitation|"
    "d'agence|d'entreprise|d'etudes|d'affaires",
    role_before=False,
    role_first="jeune|co|vice|sous|assistante?|adjointe?",
    role_links="de la|de l'|du|des|de|d'|en|et|a la|au|aux",
    role_ends="et|chez|ici|du|de|dans|a|au|pour|basee?|en|qui",
    i_am_role="je suis|suis|en tant que|comme|poste|fonction|metier|titre|je travaille comme|j'exerce comme|nous sommes|moi,|role|"
    "en qualite de|c'est|je suis aussi|profession",
    no_name="interessee?s?|a|la|le|les|un|une|en|de|chez|pas|tres|bien|ravie?|desolee?|toujours|encore|deja|pour|sur|dans|nouveau|"
    "nouvelle|budget|societe|nom|telephone|mail|email|besoin|prix|tarif|tarifs|devis|merci|oui|non|bonjour|bonsoir|salut|"
    "cordialement|excel|google|avec|mais|rien|tout|exactement|notre|nous|vous|il|elle|on|je|deux|trois|quatre|cinq|six|dix|"
    "euros|au|aux|du|des|par|mensuel|noel|francais|anglais|responsable|urgent|parfait|ok|ah|euh|bof|tiens|livraison|objet|"
    "date|demain|aujourd'hui|projet|sinon|peut-etre|actuellement|c'est|moi|ici|contente?|cherche|ce|cette|possible|sans|"
    "madame|monsieur|d'accord|entendu|voila|super|juste|plutot|finalement|maximum|minimum|environ",
    name_ends="et|de|du|chez|je|nous|ici|la|le|qui|pour",
    bare_names=True,
    articles="le|la|les|l'|un|une|notre|mon|ma|mes|nos",
    company_articles="la societe|l'entreprise|le|la|les|l'association|l'|societe|entreprise",
    company_joints="de|du|des|la|le|et|d'|&|en|aux|les|l'",
    company_ends="et|nous|je|on|en|dans|qui|que|est|sont|a|avons|ai|pour|sur|au|cherche|cherchons|avec|notre|mon|mais|car|basee?|"
    "budget|souhaite|souhaitons|voudrais|aimerais|ou|si|pas|par|besoin|il|elle|une?|svp|merci|ici",
    labels={
        "nom|nom et prenom|prenom|contact|qui|nom complet|interlocuteur|interlocutrice": "name",
        "societe|entreprise|organisme|association|structure|ou|raison sociale|employeur|etablissement": "company",
        "fonction|poste|role|titre|metier|profession": "role", "e-?mail|mail|courriel|adresse mail|mel": "email",
        "telephone|tel|portable|mobile|numero": "phone", "budget|enveloppe|fourchette": "budget",
        "delai|echeance|quand|date|calendrier|demarrage|planning|debut|livraison": "timeline",
        "equipe|effectif|utilisateurs|personnes|postes|licences|nombre|taille de l'equipe|salaries": "team_size",
        "besoin|besoins|projet|objet|demande|recherche|quoi|sujet|attente": "need",
    },
    need="avons besoin d'|avons besoin de|ai besoin d'|ai besoin de|besoin d'|besoin de|besoin :|il nous faut|il me faut|nous faudrait|"
    "me faudrait|faudrait|cherche|cherchons|recherche|recherchons|recherchons|souhaite|souhaitons|souhaiterais|souhaiterions|"
    "voudrais|voudrions|veux|voulons|aimerais|aimerions|aimerait|voudrait|veut|interesses? par|interessee?s? par|a la recherche d'|"
    "a la recherche de|en quete d'|il manque|manque|remplacer|se debarrasser de|nous debarrasser de|envisage|envisageons|reflechissons a|essayons de|essaie de|equiper|acheter|cherche a|"
    "cherchons a|envie d'|envie de|demande pour|il s'agit d'|mettre en place",
    not_need="devis|remise|reduction|appel|rappel|demo|demonstration|personne|humain|quelqu'un|conseiller|prix|tarif|tarifs|offre|"
    "infos?|information|informations|renseignements?|brochure|catalogue|essai|aide|reponse|rendez-vous|rdv|remboursement|temps|facture|contact|conseil|conseils|accompagnement",
    pronouns="le|la|les|ca|cela|y",
    never_need="savoir|connaitre|parler|discuter|etre|avoir|recevoir|vous|le|la|les|ca|cela|plus|autre|rien|tout|signer|demarrer|"
    "commencer|acheter|commander|annuler|resilier|changer|modifier|corriger|aller|payer|poser|entendre|comprendre|"
    "l'avoir|y|en|que vous|qu'on|reflechir|pour|avant|au",
    need_preposition="pour|avec|sur|de|d'|du|des|a|par|en|avant|et|ou|svp|demain|aujourd'hui|au",
    generic="outil|logiciel|systeme|appli|application|solution|quelque chose|programme|plateforme|produit|service|moyen",
    products="logiciel|outil|systeme|appli|application|crm|erp|plateforme|site|boutique en ligne|portail|base de donnees|chatbot|newsletter|gestion|suivi|facturation|planning|reservation|planification|tableau de bord",
    purpose="(?:pour|afin de) (?P<what>(?:gerer|suivre|automatiser|numeriser|organiser|planifier|simplifier|facturer|centraliser|remplacer)\\s\\w+)",
    need_of="(?:devis|prix|tarifs?|offre|demo|demonstration|infos?|informations?|renseignements?|remplacant|alternative|aide|proposition) (?:pour|sur|concernant|a propos d[eu]|d'|a|de)",
    need_after="souhaitee?s?|recherchee?s?|necessaires?|demandee?s?|vouluee?s?",
    need_before="c'est tout ce (?:qu'il nous faut|que nous (?:voulons|cherchons)|qu'on veut|dont on a besoin)|voila ce qu'il nous faut|rien de plus",
    need_ends="avant|d'ici|pour (?:le|la|les|notre|nos|mon|ma|mes|une?|\\d+|fin|debut|deux|trois|quatre|cinq|six|dix|janvier|fevrier|"
    "mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre|environ)|car|parce|puisque|mais|et (?:nous|je|on|j'ai|"
    "un budget|avons|notre)|au plus|rapidement|avec un budget|svp|s'il vous|merci|des que|dans (?:les|un|deux|trois|\\d+)|"
    "qui|que|a partir|budget|en (?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)|"
    "cet|cette|l'an prochain|si|au lieu|plutot|rien de plus|c'est tout|maximum|fin",
    need_lead="d'|de|un|une|des|du|a|nous equiper d'|m'equiper d'|equiper|acquerir|trouver|avoir|acheter|mettre en place|disposer d'|"
    "urgemment|aussi|plutot|egalement|simplement|juste|pouvoir|pour|par|enfin|passer a",
    need_small="nouveau|nouvelle|nouvel|bon|bonne|simple|petite?|vrai|vraie|un|une|des|de|d'|un peu de|le|la|les",
    surname="nom de famille|patronyme|nom complet|votre nom",
    own_lead="nous|on|utilise|utilisons|avons|c'est|est|le|la|les|avec|sur|j'utilise|oui|actuellement|travaillons avec",
    topics={
        "nom|prenom|appelez|appelle|qui etes|a qui ai-je|noms": "name",
        "societe|entreprise|travaillez|organisme|association|structure|employeur|ecole": "company",
        "fonction|poste|role|metier|faites-vous|titre": "role",
        "e-?mail|mail|courriel|adresse|joindre|contacter|coordonnees|envoie|envoyer": "email",
        "telephone|numero|rappeler|appeler|joindre|contacter|coordonnees|portable": "phone",
        "budget|depenser|enveloppe|investir|fourchette|combien souhaitez|montant|argent|mois|prix": "budget",
        "quand|delai|echeance|date|calendrier|demarrer|pour quand|moment|periode": "timeline",
        "combien de personnes|combien|utilisateurs|equipe|postes|licences|effectif|salaries|personnes": "team_size",
        "besoin|cherchez|recherchez|aider|quoi|projet|que souhaitez|interesse": "need",
    },
)
