import type { BiasTerms } from '../meanings.js'

export const DUTCH: BiasTerms = {
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
