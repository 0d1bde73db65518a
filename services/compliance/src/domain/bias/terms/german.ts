import type { BiasTerms } from '../meanings.js'

export const GERMAN: BiasTerms = {
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
