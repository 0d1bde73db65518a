import type { BiasTerms } from '../meanings.js'

export const ITALIAN: BiasTerms = {
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
