import type { BiasTerms } from './meanings.js'

/*
 * Chosen by hand from general knowledge of each language; no word list of others was copied. Words that
 * are mostly used without contempt are left out: a finding on an ordinary answer costs more than a miss.
 */
const ENGLISH: BiasTerms = {
  slur: `nigger* nigga niggas faggot* fag fags dyke dykes kike kikes spic spics chink chinks gook
    gooks wetback* raghead* towelhead* tranny trannies shemale* paki pakis wog wogs beaner* darkie* darky
    coon coons retard retards retarded spastic* mongoloid* halfbreed half_breed sandnigger* jigaboo* muzzie*
    camel_jockey* gyppo gyppos pikey pikeys libtard* cunt cunts whore whores slut sluts cripple cripples`,
  ambiguous_slur: `bitch bitches savage savages`,
  group: `women woman girls females muslim muslims islam jew jews jewish christian christians
    hindus atheists black_people blacks black_person black_men black_women white_people whites asians
    africans arabs arab hispanics latinos latinas mexicans immigrants immigrant migrants migrant refugees
    refugee foreigners gypsies gypsy roma romani gays gay_people gay_men lesbians lesbian homosexuals
    homosexual bisexuals queers trans_people transgender* trans_women trans_men transsexuals
    disabled_people disabled_person people_with_disabilities the_disabled handicapped_people old_people elderly_people
    the_elderly seniors poor_people chinese_people indians pakistanis turks turkish_people poles
    romanians germans italians indigenous_people natives men boys gay trans disabled`,
  dehumanising: `vermin scum filth rats rat cockroach* parasite* parasitic plague disease diseases cancer
    subhuman* sub_human animals apes monkeys pigs dogs trash garbage waste_of rubbish insects leeches
    virus pest pests maggots beasts savages worthless worth_nothing abomination* freaks freak monsters
    less_than_human not_human inhuman a_burden devils demons dirt shit
    refuse subhumans creatures lesser_beings human_waste infesting infest`,
  trait: `stupid lazy dumb criminal criminals thieves terrorists terrorist violent dangerous dirty inferior
    greedy untrustworthy dishonest liars primitive backward uncivili* rapists immoral perverts perverted
    sick disgusting mentally_ill degenerate* aggressive unintelligent incapable incompetent ignorant
    evil cheap promiscuous too_emotional bad_drivers bad_at born_to inherently unfit idiots ugly
    unclean crooks cowards weak gold_diggers hysterical irrational pedophiles paedophiles sinful
    an_embarrassment deplorable second_class less_capable less_intelligent not_as_good
    a_threat no_good the_worst
    repulsive pathetic repugnant despicable brainless annoying assholes pricks motherfuckers cruel
    lesser_beings vile hideous horrible awful a_disgrace a_danger corrupt barbaric lunatics scumbags`,
  every: `all every each any typical typically always most`,
  these: `these those fucking bloody damn such you`,
  are: `are is re s were be remain act behave being look have`,
  should: `should must deserve deserves need_to ought has_to have_to let_s would_be_better
    going_to gonna will ll want_to wanna someone_should would_love_to need`,
  violence: `kill murder exterminate shoot hang lynch gas burn eradicate wipe_out slaughter hurt attack
    beat rape punish strangle torture stab behead eliminate deport
    execute snap get_rid_of put_an_end_to drown choke stone wipe purge end massacre`,
  suffer: `killed shot hanged lynched gassed burned burnt eradicated wiped_out exterminated beaten
    punished deported sterilised sterilized castrated locked_up sent_back put_down raped die stoned
    whipped rounded_up removed removed_from eliminated abused silenced
    executed dead drowned purged suffer hurt die_out dumped wiped`,
  hate: `hate hates despise detest loathe can_t_stand cannot_stand disgust disgusts disgusted_by
    sick_of abhor makes_me_sick make_me_sick hatred
    scorn contempt furious resent can_t_bear nothing_worse_than angry`,
  excluded: `don_t_belong do_not_belong doesn_t_belong go_back_to no_place not_welcome no_rights
    don_t_deserve do_not_deserve doesn_t_deserve ruin_our ruining taking_over destroying steal_our
    should_not_be_allowed shouldn_t_be_allowed not_be_allowed undeserving
    not_our_equal not_our_equals not_equal no_space_on not_human aren_t_worth not_worth no_compassion_for
    never_be_equal not_deserve_to_live`,
  not: `not never no isn aren don nobody`,
  you: `you your ur`,
}

const GERMAN: BiasTerms = {
  slur: `neger negern nigger* kanake* kanacke* schwuchtel* tunte tunten kampflesbe* zigeunerpack judensau*
    saujud* schlitzauge* kümmeltürke* kameltreiber* ziegenficker* musel muselmann* spasti spastis mongo
    mongos transe transen krüppel bimbo bimbos itzig polacke* polacken fotze* schlampe* hure huren
    untermensch* zigeuner asylant* sozialschmarotzer* scheinasylant* behindi* spacko* spast`,
  group: `frauen frau muslim muslime muslimen muslima moslem moslems juden jude christen schwarze
    schwarzen schwarzer weiße asiaten afrikaner araber ausländer migrant* migranten einwanderer
    flüchtling* asylbewerber* roma sinti schwule schwulen schwuler homosexuelle* lesben lesbe
    transsexuelle* transgender* transmenschen behinderte behinderten behinderter menschen_mit_behinderung
    alte_menschen türken polen russen rumänen`,
  dehumanising: `ungeziefer abschaum dreck pack parasiten parasit schmarotzer* ratten kakerlaken tiere
    vieh affen schweine schädlinge seuche pest krebsgeschwür untermenschen müll gesindel wertlos
    abfall abartig* krankheit keine_menschen nichts_wert plage monster missgeburt* dämonen
    krebs virus schwärme platzverschwendung menschlicher_abfall untermenschlich* minderwertige_wesen`,
  trait: `dumm faul kriminell kriminelle verbrecher terroristen gewalttätig gefährlich dreckig minderwertig
    gierig unehrlich lügner primitiv rückständig unzivilisiert vergewaltiger pervers widerlich ekelhaft
    krank gestört unnatürlich hässlich idioten böse diebe hinterhältig schwach abstoßend ungebildet
    vollidiot* weniger_intelligent zu_emotional eine_gefahr eine_schande verdorben
    ekelerregend erbärmlich verachtenswert hirnlos niederträchtig grausam dümmsten ignorant
    unterlegen abscheulich scheußlich wertloser`,
  every: `alle jeder jede jedes typisch immer sämtliche`,
  these: `diese dieser diesen diesem solche verdammte verdammten scheiß ihr du`,
  are: `sind ist bleiben seid bist verhalten werden`,
  should: `sollten sollte soll sollen müssen muss gehören gehört verdienen verdient
    werde werden würde würden will wollen lasst`,
  violence: `töten tötet ermorden erschießen vergasen verbrennen aufhängen ausrotten vernichten
    abschieben erschlagen umbringen verprügeln auslöschen
    abstechen erdrosseln hinrichten loswerden foltern quälen ausmerzen erwürgen ertränken vergewaltigen verletzen`,
  suffer: `getötet ermordet erschossen vergast verbrannt aufgehängt erhängt ausgerottet vernichtet
    abgeschoben weggesperrt kastriert sterilisiert sterben ausgelöscht erschlagen umgebracht
    verprügelt bestraft gesteinigt entfernt
    hingerichtet gefoltert tot leiden ausgemerzt`,
  hate: `hasse hassen hasst verachte verachten verabscheue* verabscheuen ekeln ekelt kotzen
    zum_kotzen nicht_ausstehen ertrage_keine
    hass abscheu verachtung wütend weißglut satt ekel`,
  excluded: `gehören_nicht haben_hier_nichts nicht_willkommen keine_rechte raus_aus haut_ab
    verdienen_es_nicht nehmen_uns überfremden
    kein_platz keinen_platz nichts_zu_suchen nicht_verdient_zu_leben sind_uns_nicht kein_recht nicht_wert`,
  not: `nicht kein keine nie niemand`,
  you: `du ihr dich euch`,
}

const FRENCH: BiasTerms = {
  slur: `nègre nègres négresse* négro négros bougnoule* bicot bicots bamboula* youpin youpins youtre*
    pédé pédés tarlouze* tapette tapettes gouine gouines enculé* niakoué* chinetoque* romanichel*
    travelo travelos mongol mongols mongolien* pute putes salope salopes crouille* raton ratons
    tafiole* pédale pédales gogol gogols bridés`,
  group: `femmes femme musulman* juif juifs juive* chrétiens noirs noir noires blancs asiatiques
    africains arabes arabe étrangers étranger immigré* immigrés migrants migrant réfugié* roms
    tziganes gitans gays gay homosexuel* lesbiennes lesbienne trans transgenre* transsexuel*
    handicapé* personnes_handicapées vieux personnes_âgées indigènes`,
  dehumanising: `vermine racaille* parasites parasite cafards rats ordures ordure déchets déchet animaux
    singes porcs chiens peste maladie cancer sous_hommes sous_humain* nuisibles monstres saleté*
    merde pourriture abomination rien_d_humain inutiles fléau démons
    invasion invasions colonisent êtres_inférieurs gaspillage infestent bons_à_rien`,
  trait: `stupides bêtes idiots paresseux fainéants criminels voleurs terroristes violents dangereux sales
    inférieurs avares malhonnêtes menteurs primitifs arriérés violeurs pervers dégoûtants malades
    immoraux cons connes dégénérés répugnants méchants faibles laids mauvais incapables hystériques
    ignorants inférieures stupide dégoûtant* répugnante*
    pitoyables abrutis abruties débiles dégueulasses écœurants répugnants abjects cruels ignorants repoussants pathétiques
    horribles immondes`,
  every: `tous toutes tout toujours chaque typique`,
  these: `ces cette ce sales putain espèce tu vous`,
  are: `sont est restent êtes es soient`,
  should: `devraient devrait doivent doit faut mérite* méritent faudrait
    vais va allons voudrais veux devrions aimerais`,
  violence: `tuer tuez exterminer éliminer gazer brûler pendre fusiller massacrer égorger expulser
    frapper violer abattre buter lyncher
    étrangler noyer torturer poignarder briser débarrasser éradiquer éradiquons exécuter assassiner`,
  suffer: `tués tué exterminés exterminé éliminés gazés brûlés pendus fusillés massacrés expulsés
    déportés enfermés castrés mourir stérilisés lapidés abattus battus tuées punis crever disparaître
    éradiqués
    exécutés souffrir torturés morts égorgés éliminées exterminées`,
  hate: `déteste détestent hais haïr haine méprise dégoûte* abhorre exècre ne_supporte_pas
    donnent_envie_de_vomir font_gerber vomis
    exècre aversion mépris ras_le_bol furieux hais_les rage`,
  excluded: `n_ont_pas_leur_place n_ont_rien_à_faire rentrez_chez pas_de_droits pas_les_bienvenus
    ne_méritent_pas nous_envahissent n_ont_aucun_droit
    pas_dignes ne_sont_pas_égaux aucune_valeur ne_valent_rien n_ont_pas_le_droit pas_leur_place pas_nos_égaux`,
  not: `pas ne jamais aucun aucune`,
  you: `tu vous toi`,
}

const SPANISH: BiasTerms = {
  slur: `negrata* sudaca* maricón maricones marica maricas bollera* tortillera* panchito* moraco*
    judiada* travelo* subnormal* mongólico* puta putas zorra zorras sidoso* machupichu* espalda_mojada
    tarado* retrasado* gabacho* cholo cholos polaco_de_mierda moros_de_mierda sodomita* guarra guarras`,
  group: `mujeres mujer musulman* musulmán judío* judíos judía* cristianos negros negras negro blancos asiáticos
    africanos árabes extranjeros inmigrante* migrantes refugiados gitanos gitano gitanas gays gay homosexual* lesbianas
    lesbiana trans transgénero transexual* discapacitad* minusválid* ancianos viejos indígenas indígena
    moros moro latinos personas_con_discapacidad`,
  dehumanising: `escoria alimañas parásitos parásito ratas cucarachas basura animales monos cerdos perros
    plaga peste enfermedad cáncer infrahuman* subhuman* inmundicia monstruos mierda bestias sabandijas
    sin_valor no_valen_nada abominación desecho* demonios porquería
    mugre virus criaturas infrahumanas desperdicio infestan invaden`,
  trait: `estúpid* tont* vag* perezos* criminales delincuentes ladrones terroristas violent* peligros*
    suci* inferiores avar* mentiros* primitiv* violadores pervertid* asqueros* enferm* degenerad* idiotas
    repugnantes malvad* débiles fe* incapaces ignorantes inmorales imbéciles
    despreciables viles patéticos descerebrados inmundos horribles salvajes crueles brutos repulsivos`,
  every: `todos todas todo toda siempre cada típico`,
  these: `estos estas esos esas este esta putos putas malditos tú vosotros`,
  are: `son es sois eres siguen`,
  should: `deberían debería deben debe hay_que merecen merece habría_que
    voy vamos quiero deberíamos encantaría gustaría`,
  violence: `matar mata exterminar gasear quemar ahorcar fusilar aniquilar expulsar deportar golpear eliminar violar
    asesinar apuñalar estrangular masacrar torturar ahogar colgar erradicar acabar_con deshacernos ejecutar lastimar eliminemos erradiquemos`,
  suffer: `matados asesinados exterminados gaseados quemados ahorcados fusilados aniquilados deportados
    expulsados encerrados castrados morir esterilizados apedreados eliminados golpeados castigados muertos
    ejecutados muertos sufrir masacrados erradicados torturados`,
  hate: `odio odiamos odia detesto desprecio aborrezco asco repugnan repugna no_soporto
    rabia desprecian desdén repulsión asqueado enoja furioso aversión`,
  excluded: `no_pertenecen que_se_vayan no_merecen no_tienen_derecho no_son_bienvenidos
    no_deberían_tener nos_invaden
    no_son_iguales no_valen no_son_dignos no_hay_lugar no_tienen_lugar no_merecen_vivir no_son_humanos`,
  not: `no nunca ningún ninguna nadie`,
  you: `tú eres vosotros`,
}

const ITALIAN: BiasTerms = {
  slur: `negro negri negra negre frocio froci frocia ricchione* finocchio culattone* terrone terroni
    zingaraccio* muso_giallo musi_gialli sporco_ebreo giudeo giudei marocchino_di_merda mongoloide*
    handicappato_di puttana puttane troia troie zoccola zoccole trans_di_merda travone* ritardato*
    ritardati lesbicona* checca checche crucco mangiacrauti beduin* clandestino_di`,
  group: `donne donna musulman* ebrei ebreo ebraic* cristiani neri nero nere bianchi asiatici african* arabi
    arabo stranieri straniero immigrati immigrato migranti migrante rifugiati rom zingari zingaro gay omosessual*
    lesbiche lesbica trans transgender transessual* disabil* handicappat* anziani vecchi indigeni
    extracomunitar*`,
  dehumanising: `feccia parassiti parassita ratti topi scarafaggi spazzatura immondizia animali scimmie maiali
    cani peste malattia cancro subumani sub_umani rifiuti mostri merda schifezza schifo bestie vermi
    piaga nullità inutili abominio demoni
    esseri_inferiori creature infestano invasione scarafaggio virus`,
  trait: `stupid* pigr* criminali delinquenti ladri terroristi violent* pericolos* sporch* inferior* avid*
    bugiard* primitiv* stupratori pervertit* disgustos* malat* degenerat* idioti cattiv* debol* brutt*
    incapac* ignorant* immoral* ripugnant* imbecilli
    rivoltanti scem* incivil* crudeli pessimi peggiori orribili patetic* spregevoli sgradevoli`,
  every: `tutti tutte tutto tutta sempre ogni tipico`,
  these: `questi queste quei quelle quegli questa maledetti fottuti voi tu`,
  are: `sono è siete sei restano`,
  should: `dovrebbero dovrebbe devono deve bisogna meritano merita bisognerebbe
    farò vorrei voglio dovremmo piacerebbe starebbe`,
  violence: `uccidere uccidete ammazzare sterminare gasare bruciare impiccare fucilare annientare
    espellere deportare picchiare eliminare stuprare
    massacrare pugnalare strangolare torturare affogare sbarazzarci sbarazziamoci eliminiamo accoltellare giustiziare spezzare`,
  suffer: `uccisi uccise ammazzati sterminati gasati bruciati impiccati fucilati annientati espulsi
    deportati rinchiusi castrati morire sterilizzati lapidati eliminati picchiati puniti
    soffrire giustiziati massacrati torturati morti`,
  hate: `odio odiamo odia detesto disprezzo disgustano disgusta schifo non_sopporto fanno_schifo
    ribrezzo
    astio rabbia disdegno infuriare vomitare disprezzo aborro`,
  excluded: `non_appartengono tornate_a non_meritano non_hanno_diritt* non_sono_benvenut*
    tornino_a ci_invadono
    non_sono_nostri_pari non_valgono non_sono_degni non_hanno_valore nessuno_spazio non_sono_umani`,
  not: `non mai nessun nessuna`,
  you: `tu voi sei`,
}

const DUTCH: BiasTerms = {
  slur: `neger negers nikker* flikker flikkers mietje mietjes pot_en kutmarokkaan* kankerjood*
    spleetoog spleetogen zandneger* geitenneuker* mongool mongolen hoer hoeren slet sletten kankerhomo*
    debiel debielen jodenstreek* zwartjoekel* tyfushomo* manwijf makak* roetmop* kopvod*`,
  group: `vrouwen vrouw moslim* moslims joden jood christenen zwarten zwarte_mensen blanken aziaten
    afrikanen arabieren buitenlanders migranten immigrant* vluchtelingen zigeuners homo homo_s homoseksuel*
    lesbiennes transgender* transgenders transmensen gehandicapt* invaliden ouderen turken marokkanen
    polen homos`,
  dehumanising: `ongedierte tuig uitschot parasieten ratten kakkerlakken beesten dieren apen varkens honden
    afval vuilnis pest plaag ziekte kanker ondermensen menselijk_afval schorem gespuis monsters waardeloos
    niets_waard duivels vuil
    minderwaardige_wezens schepsels verspilling virus ongedierte`,
  trait: `dom lui crimineel criminelen dieven terroristen gewelddadig gevaarlijk vies smerig minderwaardig
    gierig oneerlijk leugenaars primitief achterlijk verkrachters pervers walgelijk ziek gestoord idioten
    lelijk slecht zwak onbekwaam immoreel
    walgelijke weerzinwekkend verachtelijk hersenloos onwetend wreed afstotend onbeschaafd domste afschuwelijk zielig`,
  every: `alle elke iedere altijd typisch`,
  these: `deze die zulke verdomde kut jullie jij je`,
  are: `zijn is blijven bent`,
  should: `zouden zou moeten moet verdienen verdient
    zal ga wil zullen gaan laten`,
  violence: `vermoorden doden uitroeien vergassen verbranden ophangen neerschieten afmaken deporteren
    slaan uitmoorden
    wurgen afslachten martelen verdrinken steken neersteken verkrachten ontdoen breken uitroeien executeren`,
  suffer: `vermoord gedood uitgeroeid vergast verbrand opgehangen neergeschoten afgemaakt gedeporteerd
    uitgezet opgesloten gecastreerd sterven gesteriliseerd gestenigd
    geëxecuteerd lijden dood afgeslacht gemarteld`,
  hate: `haat haten veracht verafschuw walg walgen misselijk niet_uitstaan
    woede woedend minachting hekel walging misselijkmakend`,
  excluded: `horen_hier_niet horen_niet niet_welkom geen_rechten ga_terug verdienen_het_niet
    horen_niet_thuis niet_onze_gelijken geen_plaats niets_waard verdienen_geen niet_thuis`,
  not: `niet geen nooit niemand`,
  you: `jij jullie je`,
}

const POLISH: BiasTerms = {
  slur: `czarnuch* pedał pedały pedałów pedałem ciota cioty ciot żydek żydki żydków parch* parchy ciapaty ciapaci
    ciapak* brudas* lesba lesby dziwka dziwki kurwa kurwy kurwą szmata szmaty debil debile mongoł
    mongoły downy kaleka kaleki murzyn* asfalt_* żółtek żółtki szwab szwaby kacap* ukrainiec_jebany
    banderowiec pedalstwo transwestyt* inwalida_jebany babochłop*`,
  group: `kobiety kobieta kobiet muzułman* żydzi żyd żydów żydami chrześcijanie czarni czarny czarnych biali azjaci
    afrykanie arabowie arabów cudzoziemcy imigran* migran* uchodźcy uchodźców romowie cyganie cyganów geje
    gej gejów homoseksual* lesbijki lesbijka lesbijek transpłciow* transseksual* niepełnosprawn* starzy ukraińcy
    trans`,
  dehumanising: `robactwo szumowiny pasożyty pasożyt szczury karaluchy śmieci zwierzęta zwierzętami małpy małpami świnie
    psy plaga zaraza choroba chorobą rak rakiem podludzie podludźmi odpady potwory ścierwo gówno gównem hołota bydło nic_niewarci
    bezwartościow* śmieciami robactwem
    szkodnikami szkodniki plagą pasożytami karaluchami podludzkie stworzenia wirusem śmieciem`,
  trait: `głupi głupie leniw* przestępcy przestępcami złodzieje terroryści terrorystami agresywn* niebezpieczn* brudn*
    gorsi chciwi kłamcy prymitywn* gwałciciele zboczeńcy zboczeni obrzydliw* chorzy zdegenerowani
    idioci idiotami wstrętn* źli słabi brzydcy ohydn* odrażając* niemoralni
    ohydni podli odpychający nieuczciwi okrutni żałośni bezmózdzy ignorantami obrzydliwi najgorsi podłe`,
  every: `wszyscy wszystkie wszystkich każdy każda zawsze typowy`,
  these: `ci te tych tymi cholerni jebani pierdoleni ty wy jesteś`,
  are: `są to jest jesteście zostaną`,
  should: `powinni powinny powinno powinien trzeba zasługują należy muszą
    zamierzam chcę powinniśmy możemy będziemy mam_ochotę`,
  violence: `zabić zabijać wymordować wytępić zagazować spalić powiesić rozstrzelać wyeliminować
    deportować bić wybić
    zamordować torturować utopić zadźgać udusić zgwałcić skrzywdzić pozbyć zlikwidować zlikwidujmy wyrżnąć`,
  suffer: `zabici zabite wymordowani wytępieni zagazowani spaleni powieszeni rozstrzelani deportowani zamknięci
    wykastrowani umrzeć zdechnąć ukamienowani ukarani
    martwi cierpieć straceni zlikwidowani`,
  hate: `nienawidzę nienawidzimy gardzę brzydzę brzydzą obrzydzają mdłości nie_znoszę nie_cierpię
    znoszę pogardę wstręt szału obrzydzony złości nienawiść nienawiści`,
  excluded: `nie_pasują nie_zasługują nie_mają_praw wynocha nie_są_mile wracajcie
    nie_są_nam_równi nie_są_godni nie_ma_miejsca nie_zasługują_na nie_są_równi`,
  not: `nie nigdy żaden żadna`,
  you: `ty wy jesteś`,
}

const PORTUGUESE: BiasTerms = {
  slur: `crioulo crioulos viado viados veado bicha bichas bichona sapatão sapatões traveco* macaco_de
    judiaria* mongoloide* puta putas vadia vadias baitola* boiola* preto_de_merda retardado* retardada*
    china_de_merda bugre bugres pretinho_de aleijado* piranha piranhas sapatona* neguinh* vagabunda*`,
  group: `mulheres mulher muçulman* judeu judeus judia* cristãos negros negras negro negra pretos brancos asiáticos africanos
    árabes estrangeiros imigrante* migrantes refugiados ciganos gays gay homossexua* lésbicas lésbica
    trans transgênero* transexua* deficientes pessoas_com_deficiência idosos velhos indígenas indígena índios
    nordestinos`,
  dehumanising: `escória vermes parasitas parasita ratos baratas lixo animais macacos porcos cachorros praga peste
    doença câncer sub_humanos subumanos imundície monstros merda bestas lixo_humano abominação demônios
    nojeira não_valem
    enxames infestando seres_inferiores criaturas vírus imundos imundice`,
  trait: `burr* estúpid* preguiços* criminosos bandidos ladrões terroristas violent* perigos* suj* inferior*
    gananciosos mentiros* primitiv* estupradores pervertid* nojent* doentes degenerad* idiotas repugnantes
    fracos feios incapazes ignorantes imorais maus imbecis
    cruéis abomináveis patétic* desprezíveis horríveis selvagens repulsivos ignorante`,
  every: `todos todas todo toda sempre cada típico`,
  these: `esses essas estes estas malditos porra vocês você`,
  are: `são é sois continuam`,
  should: `deveriam deveria devem deve merecem merece precisam
    vou vamos quero devemos adoraria gostaria`,
  violence: `matar mate exterminar gasear queimar enforcar fuzilar aniquilar expulsar deportar bater
    eliminar estuprar
    massacrar assassinar torturar afogar esfaquear estrangular livrar acabar_com executar erradicar machucar`,
  suffer: `mortos mortas assassinados exterminados gaseados queimados enforcados fuzilados aniquilados deportados
    expulsos presos castrados morrer esterilizados apedrejados eliminados espancados punidos
    executados mortas sofrer massacrados torturados sofrerem`,
  hate: `odeio odiamos odeia detesto desprezo nojo enojam não_suporto repugnam
    raiva abomino farto desdém repulsa furioso`,
  excluded: `não_pertencem não_merecem não_têm_direit* não_são_bem_vind* voltem_para
    não_são_iguais não_valem não_são_dignos não_há_lugar não_têm_lugar não_merecem_viver nenhum_valor`,
  not: `não nunca nenhum nenhuma`,
  you: `você tu vocês`,
}

export const BIAS_TERMS: readonly BiasTerms[] = [
  ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, DUTCH, POLISH, PORTUGUESE,
] // prettier-ignore
