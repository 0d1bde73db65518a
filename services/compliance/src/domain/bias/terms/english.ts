import type { BiasTerms } from '../meanings.js'

export const ENGLISH: BiasTerms = {
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
