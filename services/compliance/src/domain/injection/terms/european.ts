import type { InjectionTerms } from '../meanings.js'

const GERMAN: InjectionTerms = {
  override: `ignorier* missacht* vergiss vergesst vergessen vergesse setz_dich_hinweg umgehe umgeht
    überschreibe verwirf verwerfe beachte_nicht befolge_nicht folge_nicht halte_dich_nicht übergehe
    missachte lass_außer_acht höre_nicht`,
  prior: `vorherig* vorig* bisherig* obig* früher* vorangegangen* vorangehend* ursprünglich* zuvor
    davor vorhin vorstehend* oben anfänglich* bestehend*`,
  all: `alle alles sämtliche sämtlichen jede jegliche jeglichen ganze`,
  your: `deine deiner deinen dein deinem ihre ihren ihrer eure euer unser unserem unseres`,
  instruction: `anweisung* instruktion* regel regeln richtlinie* vorgabe* befehl* prompt prompts
    direktive* aufforderung* systemanweisung* weisung* einschränkung*`,
  told: `dir_gesagt_wurde dir_gesagt_worden was_dir_gesagt ihnen_gesagt_wurde du_angewiesen
    gesagt_bekommen gelernt_hast dir_beigebracht`,
  content: `kontext eingabe eingaben informationen nachrichten unterhaltung`,
  reveal: `zeig zeige zeigen verrate verraten wiederhole wiederholen drucke gib_aus ausgeben
    offenbare offenlege übersetze nenne nennen wiedergeben schreibe liste`,
  ask: `was wie sag sage sagen gib geben bestätige bestätigen bestätigt teile welches welche`,
  system_prompt: `systemprompt* system_prompt* systemanweisung* systemnachricht* systemaufforderung*
    ursprüngliche_anweisung* ursprünglichen_anweisung* geheime_anweisung* geheimen_anweisung*
    versteckte_anweisung* versteckten_anweisung*`,
  secret: `passwort passwörter kennwort geheimer_schlüssel geheimen_schlüssel geheime_schlüssel
    geheimschlüssel zugangsdaten api_schlüssel geheimwort`,
  persona: `tu_so spiele_die_rolle spiel_die_rolle du_bist_jetzt du_bist_nun schlüpfe agiere_als
    verhalte_dich_wie rollenspiel simuliere handle_als antworte_als
    übernimm_die_rolle gib_dich_als`,
  from_now: `ab_jetzt ab_sofort von_nun_an von_jetzt_an fortan`,
  unrestricted: `ungefiltert* unzensiert* uneingeschränkt* amoralisch* unmoralisch* unethisch*
    grenzenlos* unbeschränkt* frei_von`,
  without: `ohne kein keine keinen keinerlei nicht nie niemals frei`,
  limit: `ethik* ethisch* moral* einschränkung* beschränkung* filter zensur grenzen regeln
    richtlinien begrenzung* skrupel tabus vorschriften`,
  refuse: `verweiger* ablehn* weiger* lehne_ab`,
  obey: `gehorch* befolgst jede_anfrage alle_anfragen jede_frage beantwortest_alles alles_tun`,
  must: `musst müssen immer wirst sollst`,
  disclaimer: `warnung warnungen warnhinweis* entschuldigung* haftungsausschluss* hinweise`,
  character: `in_der_rolle aus_der_rolle`,
  begin: `beginne beginnen starte fange`,
  response: `antwort antworten ausgabe antworte`,
  harmful: `illegal* unethisch* unmoralisch* schädlich* gefährlich* kriminell* beleidigend*`,
  send: `sende senden schicke schicken hänge füge übermittle`,
  conversation: `gesprächsverlauf unterhaltung chatverlauf nutzerdaten benutzerdaten mitarbeiterdaten
    verlauf`,
  new: `neue neuen neuer folgende folgenden`,
}

const FRENCH: InjectionTerms = {
  override: `ignore ignorez ignorer oublie oubliez oublier ne_tiens_pas_compte ne_tenez_pas_compte
    ne_tenez_plus_compte fais_abstraction faites_abstraction négligez néglige contourne* outrepasse*
    ne_suis_pas ne_suivez_pas ne_suis_plus passe_outre passez_outre méprise* désobé* laisse_tomber`,
  prior: `précédent* antérieur* initial* ci_dessus préalable* avant jusqu_ici originel*
    d_origine passées`,
  all: `tout tous toute toutes`,
  your: `tes ton ta vos votre notre nos`,
  instruction: `instruction* consigne* directive* règle* commande* ordre ordres prompt prompts
    contrainte*`,
  told: `on_t_a_dit qu_on_t_a on_vous_a_dit vous_a_été_dit t_a_été_dit as_appris avez_appris
    je_t_ai_dit`,
  content: `contexte informations messages conversation saisies`,
  reveal: `montre* révèle* révéler affiche* répète* répéter imprime* divulgue* dévoile* traduis
    traduisez recopie* énumère*`,
  ask: `quel quelle quels quelles dis dites donne donnez confirme* confirmer partage* quoi`,
  system_prompt: `prompt_système prompt_système* invite_système message_système
    instructions_initiales instructions_système prompt_initial instructions_cachées
    instructions_secrètes`,
  secret: `mot_de_passe mots_de_passe clé_secrète clef_secrète clés_secrètes clé_api identifiants
    code_secret`,
  persona: `fais_semblant faites_semblant joue_le_rôle jouez_le_rôle tu_es_maintenant
    vous_êtes_maintenant agis_comme agissez_comme tu_es_désormais incarne
    simule prétends comporte_toi mets_toi_dans_la_peau jeu_de_rôle`,
  from_now: `à_partir_de_maintenant désormais dorénavant`,
  unrestricted: `non_filtré* non_censuré* sans_filtre sans_censure sans_limite* amoral*
    immoral* illimité* débridé* libre_de`,
  without: `sans aucun aucune pas jamais ni ne`,
  limit: `éthique* morale* restriction* limite* limitation* filtre* censure* règles directives
    scrupule* tabou*`,
  refuse: `refuse* refuser décline* rejette*`,
  obey: `obéi* toute_demande toutes_les_demandes n_importe_quelle_question tout_faire`,
  must: `dois devez toujours`,
  disclaimer: `avertissement* excuse* mise_en_garde mises_en_garde`,
  character: `dans_le_personnage reste_dans_ton_rôle`,
  begin: `commence* commencer débute*`,
  response: `réponse* répondre réponds`,
  harmful: `illégal* contraire_à_l_éthique immoral* dangereu* nuisible* criminel*`,
  send: `envoie* envoyer envoyez ajoute* transmets transmettez`,
  conversation: `conversation* historique données_utilisateur données_des_employés`,
  new: `nouvelle* nouveaux nouveau suivante*`,
}

const SPANISH: InjectionTerms = {
  override: `ignora ignore ignorad ignorar olvid* no_tengas_en_cuenta
    no_tenga_en_cuenta haz_caso_omiso haga_caso_omiso descarta* desestima* omite pasa_por_alto
    pase_por_alto no_sigas desobedece* hacer_caso_omiso anula`,
  prior: `anterior* previ* precedent* inicial* de_arriba antes original* existentes pasadas`,
  all: `todo todos toda todas cualquier`,
  your: `tus tu sus su vuestras nuestro nuestra`,
  instruction: `instruccion* directri* directiva* regla* orden órdenes indicacion* prompt prompts
    comando* restriccion*`,
  told: `te_han_dicho te_dijeron se_te_ha_dicho le_han_dicho te_hayan_dicho has_aprendido
    te_dije le_dijeron`,
  content: `contexto información mensajes entradas conversación`,
  reveal: `muestra* muéstra* revela* repite* imprime* divulga* traduce* enumera*`,
  ask: `cuál cuáles qué dime diga dame confirma* confirmar comparte`,
  system_prompt: `prompt_del_sistema mensaje_del_sistema instrucciones_iniciales
    instrucciones_del_sistema prompt_inicial instrucciones_ocultas instrucciones_secretas
    indicaciones_del_sistema`,
  secret: `contraseña contraseñas clave_secreta llave_secreta clave_de_api credenciales palabra_secreta
    código_secreto`,
  persona: `actúa_como actúe_como finge* ahora_eres haz_de_cuenta compórtate_como interpreta
    juego_de_rol simula* asume_el_papel hazte_pasar responde_como`,
  from_now: `a_partir_de_ahora de_ahora_en_adelante desde_ahora en_adelante`,
  unrestricted: `sin_filtro* sin_censura sin_límites amoral* inmoral* ilimitad* irrestrict*
    libre_de desinhibid*`,
  without: `sin ningún ninguna no nunca jamás ni`,
  limit: `étic* moral* restriccion* límite* limitacion* filtro* censura reglas normas directrices
    escrúpulos`,
  refuse: `rechaz* negarte niegues negar`,
  obey: `obedec* cualquier_petición cualquier_pregunta todas_las_preguntas`,
  must: `debes debe siempre`,
  disclaimer: `advertencia* disculpa* descargo*`,
  character: `en_el_personaje del_personaje`,
  begin: `empieza* comienza* inicia`,
  response: `respuesta* responde* responder`,
  harmful: `ilegal* dañin* peligros* criminal*`,
  send: `envía envíe enviar envíalos manda añade`,
  conversation: `conversación historial datos_del_usuario datos_de_los_empleados`,
  new: `nueva nuevas nuevo nuevos siguiente siguientes`,
}

const ITALIAN: InjectionTerms = {
  override: `ignora ignori ignorate ignorare dimentica dimentichi dimenticate dimenticare trascura*
    scorda* non_tenere_conto non_tenga_conto tralascia* non_seguire non_considerare aggira*
    disobbedi* scavalca* non_ascoltare`,
  prior: `precedent* prior* inizial* sopra anterior* originari* finora prima`,
  all: `tutto tutti tutta tutte ogni qualsiasi`,
  your: `tue tuoi tua tuo vostre vostri sue suoi nostro nostra`,
  instruction: `istruzion* direttiv* regol* comand* ordin* indicazion* prompt disposizion*
    linee_guida`,
  told: `ti_è_stato_detto ti_hanno_detto vi_è_stato_detto è_stato_detto hai_imparato
    ti_ho_detto ti_è_stato_insegnato`,
  content: `contesto informazioni messaggi conversazione`,
  reveal: `mostra* rivela* ripeti* stampa* divulga* traduci elenca*`,
  ask: `qual quale quali che cosa dimmi dica dammi conferma* confermare condividi`,
  system_prompt: `prompt_di_sistema messaggio_di_sistema istruzioni_iniziali
    istruzioni_di_sistema prompt_iniziale istruzioni_nascoste istruzioni_segrete`,
  secret: `password chiave_segreta chiavi_segrete credenziali chiave_api parola_segreta
    codice_segreto`,
  persona: `agisci_come fai_finta fingi* ora_sei adesso_sei interpreta comportati_come
    gioco_di_ruolo simula assumi_il_ruolo rispondi_come recita`,
  from_now: `d_ora_in_poi da_ora_in_poi da_adesso_in_poi da_questo_momento`,
  unrestricted: `senza_filtr* senza_censur* senza_limit* amoral* immoral* illimitat* libero_da`,
  without: `senza nessun nessuna non mai né alcun alcuna`,
  limit: `etic* moral* restrizion* limit* filtr* censur* regole scrupol*`,
  refuse: `rifiut* negare declina*`,
  obey: `obbedi* qualsiasi_richiesta qualsiasi_domanda tutte_le_domande`,
  must: `devi deve sempre`,
  disclaimer: `avvertenz* avvertiment* scuse disclaimer`,
  character: `nel_personaggio dal_personaggio`,
  begin: `inizia* comincia*`,
  response: `risposta risposte rispondi rispondere`,
  harmful: `illegal* dannos* pericolos* criminal*`,
  send: `invia inviare invii inviali manda aggiungi`,
  conversation: `conversazione cronologia dati_utente dati_dei_dipendenti`,
  new: `nuova nuove nuovo nuovi seguente seguenti`,
}

const PORTUGUESE: InjectionTerms = {
  override: `ignore ignora ignorar esqueça esquece esquecer desconsidere descarte desrespeite
    negligencie não_siga não_leve_em_conta anule desobedeça`,
  prior: `anterior* previ* prévi* precedent* inicia* acima original* originais antes passadas`,
  all: `tudo todos todas toda todo qualquer`,
  your: `suas tuas seu sua teu nosso nossa do_nosso`,
  instruction: `instruç* diretriz* diretiva* diretrizes regra* comando* ordens orientaç* prompt
    prompts restriç*`,
  told: `te_disseram foi_dito lhe_disseram te_foi_dito você_aprendeu foi_instruíd*`,
  content: `contexto informaç* mensagens conversa`,
  reveal: `mostre* revele* repita* imprima* divulgue* traduza* exiba*`,
  ask: `qual quais que diga dê confirme confirmar compartilhe`,
  system_prompt: `prompt_do_sistema mensagem_do_sistema instruções_iniciais instruções_do_sistema
    prompt_inicial instruções_ocultas`,
  secret: `senha senhas chave_secreta credenciais chave_de_api palavra_passe`,
  persona: `aja_como atue_como finja* agora_você_é você_agora_é comporte_se_como
    faça_de_conta interprete simule assuma_o_papel responda_como`,
  from_now: `a_partir_de_agora de_agora_em_diante doravante`,
  unrestricted: `sem_filtro* sem_censura sem_limites amora* imora* ilimitad* irrestrit* livre_de`,
  without: `sem nenhum nenhuma não nunca jamais nem`,
  limit: `étic* mora* restriç* limit* filtro* censura regras normas`,
  refuse: `recus* negar`,
  obey: `obedeç* qualquer_pedido qualquer_pergunta`,
  must: `deve sempre precisa`,
  begin: `comece inicie`,
  response: `resposta* responda*`,
  send: `envie enviar mande anexe`,
  conversation: `conversa histórico dados_do_usuário dados_dos_funcionários`,
  new: `nova novas novo novos seguinte seguintes`,
}

export const EUROPEAN: readonly InjectionTerms[] = [GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE]
