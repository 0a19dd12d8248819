"""Spanish."""

from typing import Final

from backend.leads.languages.base import Language

_UNITS = dict(
    zip(
        "un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho "
        "diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho "
        "veintinueve treinta".split(),
        range(1, 31),
        strict=True,
    )
) | {
    "uno": 1, "una": 1, "veintiun": 21, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80,
    "noventa": 90, "cien": 100, "ciento": 100, "doscientos": 200, "doscientas": 200, "trescientos": 300,
    "trescientas": 300, "cuatrocientos": 400, "quinientos": 500, "quinientas": 500, "seiscientos": 600,
    "setecientos": 700, "ochocientos": 800, "novecientos": 900,
}
_WHO = (
    "companer[oa]s?|colegas?|asistente|secretari[oa]|client[ea]|vecin[oa]s?|amig[oa]s?|hermano|hermana|madre|padre|marido|mujer|"
    "esposa|esposo|prim[oa]|tio|tia|cunad[oa]|suegr[oa]|novi[oa]|predecesor|casero|contable|gestor|abogad[oa]|proveedor(?:a|es)?|"
    "agencia|competidor(?:a|es)?|competencia|consultor(?:a)?|asesor(?:a)?|ex|exjef[ea]|becari[oa]|matriz|empresa matriz|banco|"
    "hijo|hija|conocid[oa]|recepcionista|pariente|yerno|nuera|el otro proveedor|sobrin[oa]"
)
_JOBS = (
    "director(?:a)?|gerente|dueñ[oa]|duen[oa]|propietari[oa]|fundador(?:a)?|cofundador(?:a)?|soci[oa]|president[ea]|"
    "responsable|jef[ea]|encargad[oa]|tesorer[oa]|secretari[oa]|coordinador(?:a)?|administrador(?:a)?|administrativ[oa]|"
    "asistente|auxiliar|contable|contador(?:a)?|comprador(?:a)?|vendedor(?:a)?|comercial|tecnic[oa]|ingenier[oa]|"
    "desarrollador(?:a)?|programador(?:a)?|informatic[oa]|arquitect[oa]|disenador(?:a)?|redactor(?:a)?|periodista|"
    "escritor(?:a)?|autor(?:a)?|fotograf[oa]|traductor(?:a)?|interprete|artista|music[oa]|profesor(?:a)?|maestr[oa]|docente|"
    "formador(?:a)?|investigador(?:a)?|estudiante|bibliotecari[oa]|educador(?:a)?|monitor(?:a)?|entrenador(?:a)?|"
    "consultor(?:a)?|asesor(?:a)?|abogad[oa]|notari[oa]|procurador(?:a)?|medic[oa]|doctor(?:a)?|dentista|veterinari[oa]|"
    "farmaceutic[oa]|enfermer[oa]|fisioterapeuta|fisio|psicolog[oa]|terapeuta|optic[oa]|matrona|carpinter[oa]|albanil|"
    "pintor(?:a)?|electricista|fontaner[oa]|plomer[oa]|mecanic[oa]|soldador(?:a)?|cerrajer[oa]|panader[oa]|pasteler[oa]|"
    "carnicer[oa]|cociner[oa]|chef|camarer[oa]|meser[oa]|cerveceri?[oa]|bodeguer[oa]|enolog[oa]|agricultor(?:a)?|ganader[oa]|"
    "jardiner[oa]|florista|peluquer[oa]|esteticista|modista|sastre|zapater[oa]|joyer[oa]|relojer[oa]|encuadernador(?:a)?|"
    "librer[oa]|impresor(?:a)?|conductor(?:a)?|chofer|repartidor(?:a)?|transportista|mensajer[oa]|piloto|capitan|bomber[oa]|"
    "policia|guardia|vigilante|alcalde|alcaldesa|concejal|parroco|hoteler[oa]|restaurador(?:a)?|recepcionista|"
    "reclutador(?:a)?|aprendiz|becari[oa]|voluntari[oa]|autonom[oa]|freelance|apicultor(?:a)?|alfarer[oa]|ebanista|"
    "conservador(?:a)?|decan[oa]|rector(?:a)?|analista|operador(?:a)?|operari[oa]|obrer[oa]|limpiador(?:a)?|cajer[oa]|"
    "agente|gestor(?:a)?|supervisor(?:a)?|tutor(?:a)?|cuidador(?:a)?|trabajador(?:a)? social"
)

SPANISH: Final = Language(
    code="es",
    common="el la los las un una unos unas de del y es son somos soy nosotros yo mi mis nuestro nuestra nuestros me nos te le se que "
    "en con por para no si pero como cuando donde al lo su sus tu tus hay tengo tenemos tiene quiero queremos necesito "
    "necesitamos buscamos busco hola gracias favor buenas buenos muy mas ya esta este esto estan estamos estoy ha he "
    "hemos ser fue solo tambien porque sobre entre hasta desde aunque ni podeis puede podemos cuanto cual o a",
    units=_UNITS,
    powers={"mil": 1000, "millon(?:es)?": 10**6, "palos?": 10**6},
    number_and="y",
    zero="cero",
    twice="doble",
    fourth="un cuarto de",
    half="medio|media",
    groups={
        "media docena": 6, "una docena": 12, "docena": 12, "dos docenas": 24, "una decena": 10, "una quincena": 15,
        "una veintena": 20, "una treintena": 30, "un centenar": 100, "veintena": 20, "decena": 10,
    },
    to="a|o|hasta|y",
    between="entre|de",
    both="y",
    first="yo|nosotros|nosotras|mi|mis|nuestro|nuestra|nuestros|nuestras|me|nos|tengo|tenemos|soy|somos|quiero|queremos|necesito|"
    "necesitamos|busco|buscamos|puedo|podemos|podria|podriamos|dispongo|disponemos|cuento|contamos|llego|llegamos|estoy|estamos|"
    "gastaria|gastariamos|pagaria|pagariamos|he|hemos|trabajo|trabajamos|llevo|dirijo|quisiera|quisieramos|querria|querriamos",
    first_object="me|nos",
    negation="no|nunca|jamas|ningun|ninguno|ninguna|nada|nadie|ni|tampoco|cero",
    asks="que|quien|cual|cuales|cuando|donde|como|cuanto|cuanta|cuantos|cuantas|por que|es posible|hay|tienen|teneis|tienes|puedo|"
    "se puede|podeis|podrian|haceis|hacen|ofreceis|ofrecen|sera|seria|sirve|vale|existe|acaso|aceptan|aceptais|me (?:cobran|"
    "cobrais)|y si",
    asks_not="que sea|como (?:os|les|le|te) (?:dije|comente)|cuando (?:podamos|abramos|empecemos)|como|hay \\d+|cuanto antes|seria para",
    requests="(?:podeis|podriais|pueden|podrian|puede|podria|puedes|podrias|me|nos)\\s[^?.]{0,30}(?:enviar|mandar|llamar|escribir|"
    "contactar|pasar|hacer|dar|preparar|llamais|llaman|enviais|envian|mandais|mandan|escribis|escriben|ayudar|cambiar|corregir)\\w*",
    supposed="si (?!,)|supongamos|imaginate|imaginemos|imagina|imagine|pongamos que|por ejemplo|p\\. ?ej\\.|ojala|sonar|soñar|"
    "en teoria|hipoteticamente|es broma|bromeo|como si|digamos que alguien",
    wished="estaria (?:bien|genial)|seria (?:genial|bonito|estupendo)|ojala",
    outsiders=rf"(?:mi|mis|nuestro|nuestra|nuestros|un|una|el|la|los|las|al|del|su|sus|vuestro|otro|otra)(?: (?:antiguo|antigua|nuevo))? "
    rf"(?:{_WHO})|exjefe|exjefa|competencia|competidores|\w+ (?:dice|dijo|decia|paga|gana|cobra|cobraba)|otra empresa",
    superiors="(?:mi|nuestro|nuestra|el|la) (?:jef[ea]|director|directora|consejo|junta|direccion|gerencia|gerente|presidente|"
    "presidenta|financiero|contabilidad|responsable|ayuntamiento)",
    they="ella|ellos|ellas|alguien|otros|otras|su|sus|los demas",
    gives="(?:me|nos) (?:da|dan|dio|dieron|ha dado|han dado|aprobo|aprobaron|ha aprobado|deja|dejan|concede|asigno)",
    past="antes(?! de)|antiguamente|el ano pasado|el mes pasado|la semana pasada|el verano pasado|hace \\w+ (?:anos|meses|semanas|dias)|"
    "ayer|antiguo|antigua|era|eran|eramos|tenia|teniamos|pague|pagamos ya|pago (?!por)|pagabamos|costo|costaba|gaste|gastamos "
    "ya|anteriormente|solia|soliamos|hasta ahora|estuve|estuvo|fue|fueron|facturamos",
    yours="(?:vuestr[oa]s?|su|tu|sus|tus) (?:web|pagina|sitio|tarifas?|precios?|oferta|ofertas|plan|planes|publicidad|anuncio|folleto|"
    "comercial|empresa|numero|soporte|factura|competencia|competidores?|blog|video|bot|presupuesto|condiciones|newsletter)|"
    "(?:decis|dicen|anunciais|anuncian|cobrais|cobran|prometeis|prometen|ofreceis|ofrecen|poneis) ",
    orders="a partir de ahora|desde ahora|de ahora en adelante|ignora (?:todas|las|tus)|ignore (?:todas|las|sus)|instrucciones|"
    "cada visitante|todos los visitantes|eres ahora|guarda (?:el|la|este)|pon (?:el|como)|apunta que|prompt|olvida (?:todas|tus)",
    but="pero|sino|porque|aunque|mientras|sin embargo|ya que|pues|y (?:yo|nosotros|mi|nuestro|necesito|necesitamos|busco|buscamos|"
    "quiero|queremos|tengo|tenemos|el|ella|somos|que|me|nos)|asi que|que|cuya",
    correction="en realidad|de hecho|perdon|perdona|disculpa|disculpe|correccion|corrijo|quise decir|quiero decir|mejor|rectifico|"
    "me equivoque|error|espera|mejor dicho|al final|finalmente|ahora|digo|en vez|en lugar|cambio|cambia|cambiad|recortado|"
    "recorta|retrasa|retrasado|aplazado|aumentado|subido|bajado|acaba de decir|acaban de|olvida|olvidad|olvide|ya no|sino|"
    "no, |ponga|pon|que sean|dejemoslo|lei mal",
    withdrawal="olvida|olvidad|olviden|olvide|olvidemos|ignora|ignorad|ignore|borra|borrad|borre|quita|quitad|quite|anula|elimina|"
    "eliminad|retiro|ya no vale|ya no hay|congelado|descartado|descarta|dejalo|dejadlo|sin efecto|no cuenta",
    yes="si|claro|exacto|correcto|por supuesto|desde luego|eso es|efectivamente|vale|afirmativo|asi es|sip",
    no="no|nop|que va|todavia no|aun no|para nada|en absoluto|tampoco|nunca",
    at="arroba|at",
    dot="punto",
    underscore="guion bajo|barra baja|subguion",
    dash="guion|guion medio",
    extension="ext|extension|interno|anexo",
    not_email="en copia|copia a|cc|correo antiguo|ya no|no uso",
    preferred="preferiblemente|mejor|prefiero|preferible",
    not_phone="fax|pedido|factura|cliente|numero de cliente|dni|nif|cif|nie|iban|cuenta|tarjeta|pasaporte|seguridad social|"
    "expediente|referencia|ref|ticket|contrato|poliza|vuestro (?:numero|telefono)|su (?:numero|telefono) de atencion|centralita|"
    "recepcion|ya no|antiguo|rfc|curp|nit|seguimiento|envio|socio|matricula|isbn|rut|cbu|clabe",
    countries={
        "espana|espanola?s?|espanol": "ES", "mexico|mexican[oa]s?": "MX", "colombia|colombian[oa]s?": "CO",
        "argentina|argentin[oa]s?": "AR", "chile|chilen[oa]s?": "CL", "peru|peruan[oa]s?": "PE", "francia|frances[ae]?s?": "FR",
        "alemania|aleman[ae]?s?": "DE", "portugal|portugues[ae]?": "PT", "italia|italian[oa]": "IT", "israel|israeli": "IL",
        "reino unido|inglaterra|ingles[ae]?|britanic[oa]": "GB", "estados unidos|ee\\.? ?uu\\.?|estadounidense|usa": "US",
        "uruguay|uruguay[oa]": "UY", "ecuador": "EC", "suiza": "CH", "belgica": "BE",
    },
    budget="presupuesto|presupuestado|presupuestados|gastar|gastarnos|invertir|destinar|destinado|asignado|asignados|reservado|"
    "apartado|aprobado|aprobados|autorizado|autorizados|tope|limite|techo|rango|horquilla|disponible|disponibles|dispongo|"
    "disponemos|contamos con|cuento con|tenemos|tengo|llegar a|llegamos a|llego a|hasta|permitirnos|permitirme|pagar|pagaria|"
    "pagariamos|poner|pongo|ponemos|partida|fondos|sobre la mesa|me dan|nos dan|me ha dado|nos han dado|en total|ahorrado|"
    "para esto|para ello|subvencion de|maximo|calculamos|manejamos|manejo|estirar|concedido|dejado|me dejan|nos dejan",
    budget_given="presupuesto|asignado|aprobado|autorizado|me ha dado|nos han dado|tenemos|tengo|recortado|destinado|apartado|reservado",
    at_most="hasta|como mucho|maximo|max\\.?|no mas de|menos de|por debajo de|tope|limite|techo|sin pasar de|no pasar de|a lo sumo|"
    "como maximo|inferior a|no superar|ni un (?:euro|peso|centimo) mas",
    at_least="al menos|minimo|como minimo|min\\.|a partir de|desde|por lo menos|no menos de|mas de|por encima de",
    hedges="por favor|gracias|a ser posible|ojala|unos|unas|aproximadamente|aprox\\.?|alrededor de|cerca de|mas o menos|casi|quizas?|tal vez|sobre|en torno a|digamos|"
    "solo|solamente|exactamente|actualmente|los|las|ahora|mas bien|ponle|aproximados|por ahi de|algo asi como|ahora mismo|en total",
    not_budget="facturacion|facturamos|ingresos|ventas|beneficios?|perdidas|ronda|financiacion|inversores|inversion recibida|levantado|"
    "recaudado|sueldo|sueldos|salario|salarios|nomina|gana|ganaba|gano|alquiler|renta|deuda|prestamo|hipoteca|multa|cuesta|"
    "cuestan|costaba|costo|coste|precio|precios|tarifa|fianza|deposito|reembolso|factura|comision|bono|ahorro de|ahorra|"
    "donacion|robado|descuento|competencia|cobra|cobran|cobraba|pago|paga|ofrecen|me piden|nos piden|otra oferta|seguro|"
    "vale|valoracion|por cabeza|por persona|cada uno|loteria|heredado|la unidad|pide",
    per_unit="(?:por|/|al|cada|el|la) ?(?:usuario|persona|cabeza|puesto|licencia|asiento|empleado|hora|dia|noche|pieza|unidad|"
    "dispositivo|cliente|pagina|vehiculo|habitacion|alumno|nino|miembro|llamada)|cada un[oa]|la unidad|la hora",
    taxes="mas iva|\\+ ?iva|iva incluido|sin iva|netos?|brutos?|en total|con iva",
    month="(?:al|por|el|cada|/)\\s?mes|/\\s?mes|mensual(?:es)?|mensualmente",
    year="(?:al|por|cada|/)\\s?ano|/\\s?ano|anual(?:es)?|anualmente",
    once="una sola vez|una vez|unica vez|pago unico|de una vez|unico pago|a tanto alzado|por una vez",
    months={
        "enero|ene": 1, "febrero|feb": 2, "marzo": 3, "abril|abr": 4, "mayo": 5, "junio|jun": 6, "julio|jul": 7,
        "agosto|ago": 8, "septiembre|setiembre|sept|sep": 9, "octubre|oct": 10, "noviembre|nov": 11, "diciembre|dic": 12,
    },
    weekdays={"lunes": 0, "martes": 1, "miercoles": 2, "jueves": 3, "viernes": 4, "sabado": 5, "domingo": 6},
    ordinal="º|o",
    ordinals={"primero": 1, "uno": 1},
    of="de|del|de este|de la|el mes de",
    parts={
        "(?:a )?final(?:es)?|(?:el )?fin|(?:a )?fines": "end", "(?:a )?principios?|(?:a )?comienzos?|(?:el )?inicio(?= de)|(?:a )?inicios": "early",
        "(?:a )?mediados?|la mitad": "mid",
    },
    time_units={
        "dias?": "day", "semanas?": "week", "mes(?:es)?": "month", "trimestres?": "quarter", "semestres?": "half", "anos?": "year",
    },
    spans={"quince dias": ("week", 2), "una quincena": ("week", 2), "medio ano": ("month", 6)},
    this="este|esta|el|la|el presente",
    next="el proximo|la proxima|proximo|proxima|el siguiente|este proximo",
    next_after="que viene|proximo|proxima|siguiente|entrante",
    next_weekday="first",
    after_weekday="first",
    next_week_day="de la semana que viene|la semana que viene|de la proxima semana|la proxima semana",
    ahead="en|dentro de|antes de|en unas|en unos|en menos de|en un plazo de|a mas tardar en|en los proximos|en las proximas",
    ahead_after="a partir de hoy|desde hoy|a contar desde hoy",
    days={"hoy": 0, "manana": 1, "pasado manana": 2},
    quarter="q|t|trimestre",
    halves={"primer semestre|primera mitad(?: del ano)?": 1, "segundo semestre|segunda mitad(?: del ano)?": 2},
    feasts={
        "navidad|navidades": (12, 25), "nochebuena": (12, 24), "nochevieja": (12, 31), "ano nuevo": (1, 1), "reyes": (1, 6),
    },
    seasons="primavera|verano|otono|invierno|semana santa|pascua|la vuelta al cole|vuelta de vacaciones",
    soon="asap|lo antes posible|cuanto antes|inmediatamente|de inmediato|ya mismo|urgente|urgentemente|ahora mismo|"
    "lo mas pronto posible|a la mayor brevedad|con urgencia",
    part_year="fin de ano|final de ano|finales de ano|fin del ano|final del ano",
    single="un|una",
    day_of_month="(?:el|dia|el dia) \\d{1,2}(?! ?(?:%|euros|€|personas|usuarios))",
    doubtful="ya|marte|mar",
    on="en|de|para|hasta|antes de|desde|este|a|del|el",
    next_year="ano que viene|proximo ano|el ano que viene|del proximo ano|del ano que viene",
    since="a partir de|a partir del|desde|desde el|empezando",
    starting="antes de|antes del",
    buying="antes de|antes del|para|hasta|a mas tardar|empezar|arrancar|arranque|comenzar|inicio|iniciar|lanzar|lanzamiento|fecha limite|"
    "plazo|listo|listos|lista|operativo|funcionando|en marcha|necesito|necesitamos|necesitariamos|decidir|decision|decidimos|"
    "comprar|compra|pedir|firmar|firma|cambiar|cambio|migrar|implantar|implantacion|implementar|instalar|instalacion|entregar|"
    "entrega|abrir|abrimos|apertura|inauguramos|inauguracion|previsto|prevemos|calendario|objetivo|queremos|quiero|"
    "quisieramos|nos gustaria|me gustaria|ideal|idealmente|a partir|usar|usarlo|produccion|contratar|tenerlo|prisa|terminar|"
    "estrenar|adoptar|cerrar",
    not_timeline="llama\\w*|llamad\\w*|llamen|escrib\\w+|respond\\w+|contest\\w+|hablar|hablamos|reunion|reunirnos|cita|demo|vacaciones|de viaje|"
    "fuera|vuelvo|nac[ií]|nacido|cumpleanos|fiesta|boda|aniversario|concierto|festival|desde hace|fundad\\w+|vence|caduca|expira|"
    "termina el contrato|contrato termina|contrato acaba|acaba el contrato|factura|pedi el|compre|ayer|pasad[oa]|cerrad[oa]s? por|"
    "visita|viaje|feria|congreso|horario|cada|todos los|siempre|jubil\\w+|era|fue|recibi|llego|cancel\\w+|dado de baja",
    anybody="personas?|gente|miembros?|hombres|mujeres|chic[oa]s|cabezas|voluntari[oa]s|integrantes",
    using="(?:de (?:ellos|nosotros) )?(?:van a |lo |deben |tienen que |necesitan )*(?:usarlo|usar|usarian|usaran|utilizaran|acceder|entrar|acceso|cuenta propia)",
    weak_team="para|con|para unos|para unas",
    people="personas?|emplead[oa]s|trabajador(?:es|as)|colaborador(?:es|as)|companer[oa]s|miembros del equipo|integrantes|gente|cabezas|"
    "hombres|mujeres|chic[oa]s|voluntari[oa]s|becari[oa]s|autonom[oa]s|soci[oa]s|comerciales|profesionales|agentes|manos|"
    rf"(?:{_JOBS})(?:e?s)|\w+(?:eros|eras|istas|dores|doras)|auxiliares|tecnic[oa]s|monitores|operarios|profes",
    users="usuari[oa]s?|licencias?|accesos|cuentas|puestos|asientos|plazas de usuario",
    not_people="clientes?|clientas|dispositivos?|aparatos|vehiculos?|coches|camiones|furgonetas|autobuses|mesas?|sillas|habitaciones|"
    "camas|ninos|ninas|alumnos|alumnas|estudiantes|invitados|visitantes|pacientes|anos?|suscriptores|habitantes|vecinos|"
    "hogares|viviendas|inquilinos|participantes|lectores|candidatos|pedidos|tickets|tiendas|sucursales|oficinas|locales|sedes|"
    "impresoras?|ordenadores|portatiles|telefonos|servidores|maquinas|sensores|camaras|paginas|documentos|productos|"
    "articulos|paises|ciudades|dias|semanas|meses|horas|minutos|por ciento|km|kilometros|metros|kg|plantas|padres|perros|"
    "gatos|caballos|vacas|animales|correos|mensajes|llamadas|pisos|comensales|hectareas|ordenador|seguidores|socios del club|"
    "socios",
    not_team="ciudad|pueblo|poblacion|habitantes|pais|pregunte|publico|al dia|diarios|invitados|atendemos|despedid\\w+|recibimos",
    we_are="somos|seriamos|seremos|estamos|tenemos|tengo|plantilla de|contamos con|trabajamos|en plantilla",
    of_us="en total|en el equipo|de nosotros|en plantilla|en la oficina|ahora mismo|aqui|ahora",
    team_of="equipo de|grupo de|plantilla de|plantilla|empresa de|pyme de|departamento de|equipo:|usuarios:|personas:|"
    "despacho de|estudio de|tamano|tamano del equipo|numero de usuarios|taller de|familia de",
    and_i="y yo|mas yo|y un servidor|y una servidora",
    my_name="me llamo|mi nombre es|mi nombre|soy la|soy el|nombre es|nombre|contacto|pregunta por|preguntad por|pregunten por|"
    "preguntar por|firmado|firma|mi apellido es|apellido|llamame|llamadme|le habla|le saluda|les saluda|os saluda|quien|"
    "nombre y apellidos|nombre completo|le escribe|os escribe|les escribe|habla",
    i_am="soy|aqui|yo,|somos|le habla|al habla",
    here="al habla|al aparato|por aqui|al telefono|le saluda|aqui",
    greetings="hola|buenos dias|buenas tardes|buenas noches|buenas|saludos|estimados|estimadas|estimado|estimada|muy buenas|hola a todos|"
    "que tal|buen dia|oigan|hey|equipo|hola buenas",
    closings="saludos|un saludo|saludos cordiales|atentamente|cordialmente|gracias|muchas gracias|mil gracias|un abrazo|abrazos|"
    "firmado|atte|gracias de antemano|gracias y saludos|un cordial saludo|besos|quedo a la espera|le saluda atentamente",
    titles="sr|sra|srta|d|dna|don|dona|dr|dra|doctor|doctora|ing|lic|licenciada|licenciado|profesor|profesora|arq",
    particles="de|del|la|las|los|y|de la|san|e|i",
    works_surely="trabajo (?:en|para)|trabajamos (?:en|para)|en nombre de|represento a|de parte de|de la empresa",
    works_at="trabajo (?:en|para|con)|trabajamos (?:en|para)|en nombre de|represento a|de parte de|de la empresa|empresa|desde|dirijo|"
    "llevo|gestiono|escribo de|escribo desde|llamo de|hablo de|empleado en|empleada en|de|del|de la|para",
    of_company="de|del|de la|en|para|con|@|en la|en el",
    own_kind="(?:mi|nuestro|nuestra|un|una)(?: [a-z]+)? (?:clinica|escuela|colegio|panaderia|tienda|estudio|agencia|granja|restaurante|cafeteria|hotel|club|despacho|cerveceria|fundacion|museo|libreria|taller|farmacia|guarderia|pyme|empresa|negocio|asociacion)(?: se llama|,| llamad[oa])?",
    we_as="somos|nuestra empresa es|nuestra empresa se llama|la empresa se llama|empresa|se llama|compania|organizacion|asociacion|"
    "negocio|mi negocio se llama|nos llamamos|razon social|entidad|donde|institucion|en la empresa|mi empresa es|centro",
    organisations="taller|talleres|estudio|clinica|colegio|escuela|instituto|academia|universidad|hospital|hotel|hostal|restaurante|"
    "bar|cafe|cafeteria|panaderia|pasteleria|carniceria|cerveceria|bodega|bodegas|vinos|granja|finca|ayuntamiento|asociacion|"
    "fundacion|museo|teatro|biblioteca|libreria|imprenta|editorial|garaje|transportes|logistica|carpinteria|casa|grupo|"
    "agencia|farmacia|cooperativa|sindicato|federacion|centro|club|banco|seguros|consultores|asesores|asesoria|gestoria|"
    "despacho|hermanos|hijos|laboratorios?|industrias|servicios|soluciones|sistemas|construcciones|inmobiliaria|viajes|"
    "optica|moda|textiles|ceramicas|muebles|floristeria|joyeria|jugueteria|guarderia|compania|conservas|aceites|frutas|"
    "constructora|ferreteria|tienda|supermercados|autoescuela|gimnasio|peluqueria|salon|vivero|viveros|tecnologia|digital",
    former="antiguo|antigua|ex|ex-?\\w*jefe|ya no|trabajaba|trabaje|deje|me despidieron|anterior|era",
    roles=_JOBS + "|ceo|cto|cfo|cmo|coo|rrhh|jefatura|director(?:a)? general|consejer[oa] delegad[oa]|cap[oa]taz|community manager",
    role_parts="general|comercial|tecnic[oa]|financier[oa]|administrativ[oa]|artistic[oa]|adjunt[oa]|principal|marketing|logistica|"
    "compras|ventas|produccion|calidad|informatica|sistemas|comunicacion|proyectos?|producto|taller|equipo|obra|obras|cocina|"
    "seccion|sala|zona|servicio|servicios|personal|recursos humanos|rrhh|operaciones|mantenimiento|clientes|cuentas|"
    "formacion|investigacion|desarrollo|estudios|tienda|oficina|almacen|planta|turno|flota|exportacion|digital|web|redes|"
    "seguridad|patrimonio|eventos|nominas|legal|juridic[oa]|medic[oa]|escolar|pedagogic[oa]|contabilidad|atencion al cliente|"
    "ejecutiv[oa]|regional|nacional|senior|junior|autonom[oa]|innovacion|transporte|area|datos|software|it|ti|"
    "administracion|estudios|finanzas|social|clinic[oa]|barra|vestuario",
    role_before=False,
    role_first="vice|sub|co|joven|asistente|adjunt[oa]",
    role_links="de la|del|de|de los|en|y|a la",
    role_ends="y|en|de|del|aqui|para|con|que|por",
    i_am_role="soy|como|en calidad de|trabajo como|trabajo de|mi cargo es|cargo|puesto|mi puesto es|rol|ocupacion|profesion|oficio|"
    "ejerzo de|ejerzo como|somos|actuo como|soy tambien|titulo|hago de|estoy de",
    no_name="interesad[oa]s?|el|la|los|las|un|una|de|en|no|muy|nuevo|nueva|todavia|aun|ya|para|sobre|presupuesto|empresa|nombre|"
    "telefono|correo|email|mail|necesidad|precio|precios|oferta|gracias|si|hola|buenas|saludos|excel|google|con|pero|nada|todo|"
    "exacto|nuestro|nosotros|usted|ustedes|yo|dos|tres|cuatro|cinco|seis|diez|euros|pesos|al|del|por|mensual|navidad|"
    "espanol|ingles|responsable|urgente|perfecto|vale|ok|ah|pues|bueno|mira|entrega|asunto|fecha|hoy|manana|proyecto|quiza|"
    "actualmente|aqui|encantad[oa]|contento|busco|buscamos|este|esta|posible|sin|senor|senora|claro|solo|mejor|maximo|minimo|"
    "que|como|cuando|donde|genial|entendido|listo|estimad[oa]s?|atentamente|perdon|disculpa|ahora|quien|cuanto",
    name_ends="y|de|del|desde|en|somos|trabajo|busco|necesito|aqui|soy|la|el|que",
    bare_names=True,
    articles="el|la|los|las|un|una|nuestro|nuestra|mi|mis",
    company_articles="la empresa|el|la|los|las|la asociacion|empresa",
    company_joints="de|del|y|la|las|los|&|e|el",
    company_ends="y|somos|en|que|es|son|tiene|tenemos|para|por|buscamos|busco|con|nuestro|mi|pero|porque|presupuesto|queremos|"
    "quiero|necesitamos|necesito|o|si|no|un|una|gracias|favor|aqui|desde|ahora|soy",
    labels={
        "nombre|nombre y apellidos|nombre completo|contacto|quien": "name",
        "empresa|organizacion|compania|entidad|negocio|donde|razon social|centro": "company",
        "cargo|puesto|rol|funcion|ocupacion|profesion": "role", "e-?mail|mail|correo|correo electronico": "email",
        "telefono|tel|movil|celular|tlf": "phone", "presupuesto|importe|rango": "budget",
        "plazo|fecha|cuando|calendario|inicio|fecha limite|entrega|para cuando": "timeline",
        "equipo|usuarios|personas|licencias|plantilla|tamano|tamano del equipo|empleados|puestos": "team_size",
        "necesidad|necesidades|proyecto|asunto|busca|buscamos|interes|que|solicitud|objetivo": "need",
    },
    need="necesito|necesitamos|necesitariamos|necesitaria|busco|buscamos|buscando|quiero|queremos|quisiera|quisieramos|querria|"
    "querriamos|me gustaria|nos gustaria|interesad[oa]s? en|me interesa|nos interesa|me interesaria|nos interesaria|nos hace falta|"
    "me hace falta|hace falta|en busca de|nos falta|me falta|reemplazar|sustituir|deshacernos de|librarnos de|estamos pensando en|pensamos en|intentamos|tratamos de|valoramos|requerimos|"
    "requiero|se trata de|se busca|pretendemos|queremos comprar|nos vendria bien|me vendria bien|andamos buscando|ando buscando",
    not_need="presupuesto|cotizacion|descuento|rebaja|llamada|demo|demostracion|persona|humano|alguien|asesor|precio|precios|tarifa|"
    "tarifas|oferta|info|informacion|datos|folleto|catalogo|prueba|ayuda|respuesta|cita|reunion|reembolso|tiempo|factura|contacto|asesoria|asesoramiento|consejo",
    pronouns="lo|la|los|eso|esto",
    never_need="saber|conocer|"
    "hablar|que|ser|ir|recibir|lo|la|los|las|eso|esto|mas|otro|nada|todo|firmar|empezar|arrancar|comprar|pedir|"
    "cancelar|cambiar|modificar|corregir|pagar|preguntar|entender|ver|cerrar|decidir|para|antes|gastar|que me|el \\d+",
    need_preposition="para|con|sobre|de|del|a|por|en|antes|y|o|hoy|manana|al",
    generic="herramienta|programa|software|sistema|app|aplicacion|solucion|algo|plataforma|producto|servicio",
    products="software|herramienta|sistema|app|crm|erp|plataforma|web|tienda online|portal|base de datos|chatbot|boletin|gestion|seguimiento|facturacion|programa|reservas|control|turnos|panel|inventario",
    purpose="para (?P<what>(?:gestionar|controlar|automatizar|digitalizar|organizar|planificar|simplificar|facturar|llevar|registrar|sustituir)\\s\\w+)",
    need_of="(?:presupuesto|cotizacion|precios?|tarifas?|oferta|demo|demostracion|info|informacion|datos|alternativa|ayuda|sustituto|propuesta) (?:para|de|sobre|con|a)",
    need_after="necesari[oa]s?|buscad[oa]s?|requerid[oa]s?",
    need_before="es todo lo que (?:necesitamos|queremos|busco|necesito)|eso es lo que (?:buscamos|necesitamos)|nada mas",
    need_ends="antes|para (?:el|la|los|las|nuestro|nuestra|mi|unos|unas|\\d+|fin|finales|principios|dos|tres|cuatro|cinco|seis|diez|"
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|empezar|una? \\w+ de)|porque|"
    "ya que|pero|y (?:nosotros|mi|nuestro|tenemos|tengo|somos|un presupuesto|hay|que)|cuanto antes|urgente|con un presupuesto|"
    "por favor|gracias|lo antes|en (?:un|una|dos|tres|\\d+|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|"
    "noviembre|diciembre)|que|a partir|presupuesto|este|esta|si|en vez|en lugar|nada mas|maximo|hasta|desde|a finales",
    need_lead="un|una|unos|algo para|a|de|tener|contratar|encontrar|comprar|adquirir|implantar|urgentemente|tambien|para|por fin|ya|"
    "poder|montar|simplemente|urgente|aqui",
    need_small="nuev[oa]s?|buen[oa]?s?|sencill[oa]s?|pequen[oa]s?|un|una|unos|unas|el|la|algun|alguna|poco de|simple|mejor",
    surname="apellido|apellidos|nombre completo",
    own_lead="nosotros|usamos|uso|tenemos|es|son|con|el|la|los|las|si|actualmente|trabajamos con|utilizamos|estamos con",
    topics={
        "nombre|llamas|llama|llamais|quien eres|con quien|apellido|apellidos|nombres": "name",
        "empresa|compania|organizacion|trabajas|trabaja|negocio|centro|entidad": "company",
        "cargo|puesto|rol|funcion|dedicas|dedica|ocupacion": "role",
        "e-?mail|mail|correo|direccion|contacto|contactar\\w*|envio|enviar\\w*|escribir": "email",
        "telefono|numero|llamar\\w*|movil|celular|contacto|contactar\\w*|localizar\\w*": "phone",
        "presupuesto|gastar|rango|invertir|cuanto quer\\w+|dinero|importe|cantidad|mes|ano|plata": "budget",
        "cuando|plazo|fecha|calendario|empezar|para cuando|inicio|este ano": "timeline",
        "cuantos|cuantas|usuarios|equipo|licencias|plantilla|empleados|personas|puestos|tamano": "team_size",
        "que necesit\\w+|que busc\\w+|ayudar\\w*|que os|en que|proyecto|necesidad|interesa|que quer\\w+": "need",
    },
)
