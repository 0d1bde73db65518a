import type { BiasTerms } from '../meanings.js'

export const SPANISH: BiasTerms = {
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
    repugnantes malvad* débiles feos feas incapaces ignorantes inmorales imbéciles
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
