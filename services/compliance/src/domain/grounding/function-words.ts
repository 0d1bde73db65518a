import { foldWord } from '../text/fold.js'

/** Words that carry grammar, not content, in the larger languages of the Union. */
const LISTS: readonly string[] = [
  `the a an and or but if then than of to in on at by for with from as is are was were be been being am
  it its this that these those there here he she they them his her their we us our you your i my me do does
  did have has had will would can could shall should may might must so such also into about over under
  which who whom whose what when where how why all any some each both more most other just only very too
  up out off again while within during between through because until against own same s t d ll re ve m yes well`,
  `der die das den dem des ein eine einer eines einem einen und oder aber wenn dann als von zu zum zur in im
  an am auf aus bei mit nach vor für durch um über unter ist sind war waren wird werden wurde worden sein
  seine seiner ihr ihre ihrer es er sie wir ihnen uns dies diese dieser dieses sich auch so wie was wer wo
  man hat haben hatte kann können soll muss müssen darf noch nur schon sehr dass daß bis sowie gemäß`,
  `le la les l un une des du de d et ou mais si que qui quoi dont où à au aux en dans sur sous par pour avec
  est sont était étaient être été a ont avait avoir il elle ils elles on nous vous je tu se sa son ses leur
  leurs ce cet cette ces c qu y plus aussi très comme lors ainsi peut peuvent doit doivent`,
  `el la los las un una unos unas y o pero si que quien de del a al en con por para sobre es son era eran ser
  sido ha han había haber se su sus lo le les este esta estos estas ese esa como más también muy ya cuando
  donde puede pueden debe deben entre hasta desde`,
  `il lo la i gli le un uno una e o ma se che chi di del dello della dei degli delle a al allo alla ai agli
  alle da dal dalla in nel nella nei con su sul sulla per tra fra è sono era erano essere stato stata ha hanno
  aveva si suo sua suoi loro questo questa questi queste come più anche molto può possono deve devono`,
  `o a os as um uma e ou mas se que quem de do da dos das em no na nos nas por para com sem é são era eram ser
  foi foram tem têm seu sua seus este esta isso como mais também muito pode podem deve devem`,
  `de het een en of maar als dan van te tot in op aan bij met naar voor door om over is zijn was waren wordt
  worden werd hij zij ze wij we u hun dit dat deze die er ook zo wat wie waar kan kunnen moet moeten heeft hebben`,
  `i oraz lub ale jeśli że który która które w we na z ze do od po za o u przy przez dla jest są był była było
  być się jego jej ich to ten ta te tak jak też może mogą musi`,
  `i ili ali ako da koji koja koje u na s sa od do iz za po o je su bio bila biti se ga to taj ta kao može mogu mora`,
]

const FUNCTION_WORDS = new Set(LISTS.flatMap((list) => list.split(/\s+/)).map(foldWord))

export function isFunctionWord(word: string): boolean {
  return FUNCTION_WORDS.has(word)
}

const NEGATIONS = new Set(
  `no not never none neither nor without cannot don doesn didn isn aren wasn weren won wouldn shouldn
  couldn hasn haven hadn unable nicht kein keine keinen keiner keinem nie niemals ohne weder pas jamais aucun
  aucune sans non ne rien ningun ninguna nunca jamas sin nessun nessuna mai senza nao nenhum nenhuma sem
  niet geen nooit zonder nie zaden zadna bez ne nema nikad inte aldrig ikke aldrig ei`
    .split(/\s+/)
    .map(foldWord),
)

export function isNegation(word: string): boolean {
  return NEGATIONS.has(word)
}

/** Small numbers are written out in one text and as digits in the other. */
const NUMBER_WORDS: ReadonlyMap<string, string> = new Map(
  [
    'one two three four five six seven eight nine ten eleven twelve',
    'eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf',
    'un deux trois quatre cinq six sept huit neuf dix onze douze',
    'uno dos tres cuatro cinco seis siete ocho nueve diez once doce',
    'uno due tre quattro cinque sei sette otto nove dieci undici dodici',
  ].flatMap((row) =>
    row.split(' ').map((word, index): [string, string] => [foldWord(word), String(index + 1)]),
  ),
)

const INFLECTION =
  /(?:ungen|ings|ing|keiten|heiten|ments|ment|ions|ies|ied|mente|ung|ion|est|es|en|er|em|ed|ly|os|as|is|s|e|n|a|o|i|y)$/
const MIN_STEM = 4

/** A folded word without its commonest ending, numbers as digits: a light stemmer for any language. */
export function stem(word: string): string {
  const digits = NUMBER_WORDS.get(word)
  if (digits) return digits
  if (word.length <= MIN_STEM || /\d/.test(word)) return word
  const bare = word.replace(INFLECTION, '')
  return bare.length >= MIN_STEM ? bare : word.slice(0, MIN_STEM)
}
