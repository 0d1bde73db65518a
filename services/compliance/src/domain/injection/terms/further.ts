import type { InjectionTerms } from '../meanings.js'

/** Instruction override, prompt extraction and persona in the other languages of the Union. */
const DUTCH: InjectionTerms = {
  override: `negeer negeert negeren vergeet vergeten sla_over omzeil* volg_niet`,
  prior: `vorige eerdere voorgaande bovenstaande voorafgaande oorspronkelijke`,
  all: `alle alles elke`,
  your: `jouw je uw jullie`,
  instruction: `instructie* regels richtlijn* opdracht* aanwijzing* prompt`,
  reveal: `toon onthul* herhaal* laat_zien druk_af geef_weer`,
  ask: `wat geef vertel bevestig`,
  system_prompt: `systeemprompt* systeembericht* oorspronkelijke_instructies verborgen_instructies`,
  secret: `wachtwoord geheime_sleutel geheime_code`,
  persona: `doe_alsof je_bent_nu speel_de_rol gedraag_je_als rollenspel`,
  from_now: `vanaf_nu voortaan`,
  unrestricted: `ongefilterd* ongecensureerd* onbeperkt*`,
  without: `zonder geen niet nooit`,
  limit: `ethisch* moreel morele beperking* filters censuur grenzen regels`,
}

const POLISH: InjectionTerms = {
  override: `zignoruj* ignoruj* zapomnij* pomiń pomin* zlekceważ* nie_przestrzegaj obejdź`,
  prior: `poprzedni* wcześniejsz* powyższ* dotychczasow* pierwotn* początkow*`,
  all: `wszystkie wszystkich wszystko każd*`,
  your: `twoje twoich twój swoje swoich`,
  instruction: `instrukcj* polecen* zasad* wytyczn* reguł* poleceń prompt`,
  reveal: `pokaż* ujawnij* powtórz* wypisz* wyświetl*`,
  ask: `jaki jakie jaka podaj powiedz`,
  system_prompt: `prompt_systemow* instrukcje_systemow* wiadomość_systemow* promptu_systemow*`,
  secret: `hasło hasła tajny_klucz klucz_api`,
  persona: `udawaj jesteś_teraz teraz_jesteś zachowuj_się_jak wciel_się odgrywaj`,
  from_now: `od_teraz odtąd`,
  unrestricted: `bez_cenzury niefiltrowan* nieocenzurowan* bez_ogranicze*`,
  without: `bez żadn* nie nigdy`,
  limit: `etyczn* etyk* moraln* ogranicz* filtr* cenzur* granic* zasad*`,
}

const CROATIAN: InjectionTerms = {
  override: `ignoriraj* zanemari* zaboravi* zaobiđi* ne_slušaj ne_slijedi`,
  prior: `prethodn* ranij* gornj* dosadašnj* početn* izvorn*`,
  all: `sve svih svaki`,
  your: `tvoje tvoj svoje vaše tvojih`,
  instruction: `uput* pravil* naredb* instrukcij* smjernic* prompt`,
  reveal: `pokaži* otkrij* ponovi* ispiši* prikaži*`,
  ask: `koji koja koje reci daj`,
  system_prompt: `sistemske_upute sistemski_prompt sustavne_upute sustavski_prompt`,
  secret: `lozinka lozinku zaporka zaporku tajni_ključ`,
  persona: `ponašaj_se_kao pretvaraj_se sada_si glumi`,
  from_now: `od_sada ubuduće`,
  without: `bez nikakv* ne nikad`,
  limit: `etičk* moral* ograničenj* filter* cenzur* pravila`,
}

const ROMANIAN: InjectionTerms = {
  override: `ignoră ignora ignorați uită uitați nu_ține_cont nu_respecta`,
  prior: `anterioare anterior precedent* inițial* mai_sus de_dinainte`,
  all: `toate tot orice`,
  your: `tale tăi ta vostru`,
  instruction: `instrucțiun* regul* indicați* comenzi* directiv*`,
  reveal: `arată* dezvăluie* repetă* afișează*`,
  ask: `care spune dă`,
  system_prompt: `prompt_ul_de_sistem promptul_de_sistem mesajul_de_sistem instrucțiunile_inițiale`,
  secret: `parola parolă cheia_secretă`,
  persona: `prefă_te acționează_ca ești_acum`,
  from_now: `de_acum_înainte`,
}

const CZECH_AND_SLOVAK: InjectionTerms = {
  override: `ignoruj* zapomeň* zapomen* zabudni* přehlížej* nedbej* neriaď_sa`,
  prior: `předchozí* dřívější* výše predchádzajúc* predošl* vyšš*`,
  all: `všechny všechno všetky všetko`,
  instruction: `pokyn* instrukc* pravidl* příkaz* inštrukci*`,
  reveal: `ukaž* odhal* zopakuj* vypiš* prezraď* prozraď*`,
  system_prompt: `systémový_prompt systémové_pokyny systémová_zpráva`,
  secret: `heslo tajný_klíč tajný_kľúč`,
  persona: `předstírej chovej_se_jako predstieraj správaj_sa_ako`,
}

const NORDIC: InjectionTerms = {
  override: `ignorera ignorer bortse glöm glem se_bort_från se_bort_fra unohda ohita älä_noudata`,
  prior: `tidigare ovanstående föregående tidligere ovenstående foregående forrige aiemmat
    aiempia edelliset aikaisemmat`,
  all: `alla alle allt alt kaikki`,
  your: `dina dine din sinun`,
  instruction: `instruktion* instruks* regler reglerna anvisning* instrukser ohjeet ohjeita säännöt`,
  reveal: `visa avslöja upprepa vis afslør gentag avslør gjenta näytä paljasta toista`,
  system_prompt: `systemprompt* systemmeddelande systembesked järjestelmäkehote`,
  secret: `lösenord lösenordet adgangskode passord salasana hemliga_nyckel`,
  persona: `låtsas agera_som lad_som_om opfør_dig_som oppfør_deg_som esitä`,
}

const GREEK_BULGARIAN_HUNGARIAN: InjectionTerms = {
  override: `αγνόησε αγνοήστε ξέχνα ξεχάστε παράβλεψε игнорирай игнорирайте забрави забравете
    пренебрегни hagyd_figyelmen_kívül felejtsd_el hagyja_figyelmen_kívül`,
  prior: `προηγούμεν* παραπάνω αρχικ* предишн* горн* предходн* korábbi előző fenti`,
  all: `όλες όλα всички összes minden`,
  instruction: `οδηγίες εντολές κανόνες инструкци* указани* правила utasítás* szabály*`,
  reveal: `δείξε αποκάλυψε επανάλαβε покажи разкрий повтори mutasd ismételd áruld_el`,
  secret: `κωδικό κωδικός парола паролата jelszó jelszavad`,
}

export const FURTHER: readonly InjectionTerms[] = [
  DUTCH, POLISH, CROATIAN, ROMANIAN, CZECH_AND_SLOVAK, NORDIC, GREEK_BULGARIAN_HUNGARIAN,
] // prettier-ignore
