import type { BiasTerms } from '../meanings.js'

export const PORTUGUESE: BiasTerms = {
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
