import type { BiasTerms } from '../meanings.js'

export const POLISH: BiasTerms = {
  slur: `czarnuch* pedał pedały pedałów pedałem ciota cioty ciot żydek żydki żydków parch* parchy ciapaty ciapaci
    ciapak* brudas* lesba lesby dziwka dziwki kurwa kurwy kurwą szmata szmaty debil debile mongoł
    mongoły downy kaleka kaleki murzyn* żółtek żółtki szwab szwaby kacap* ukrainiec_jebany
    banderowiec pedalstwo transwestyt* babochłop*`,
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
