import type { BiasTerms } from '../meanings.js'

export const FRENCH: BiasTerms = {
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
