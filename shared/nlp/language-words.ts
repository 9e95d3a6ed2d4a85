/**
 * Common words of the languages written in Latin letters, one list a language. A word in several lists gives each of
 * them its part of a vote. Called by language.ts. To improve detection, add words here: common ones, short ones first.
 */

export type LatinLanguage = 'fr' | 'en' | 'es' | 'ary-Latn' | 'pt' | 'it' | 'de' | 'nl';

export const WORD_LISTS: Readonly<Record<LatinLanguage, string>> = {
  fr: `le la les un une des du de au aux à et ou où mais donc car ni ne pas plus moins très trop tres peu bien mal
    je tu il elle on nous vous ils elles me te se ce cet cette ces ça ca cela ceci mon ma mes ton ta tes son sa ses notre nos votre
    vos leur leurs qui que quoi dont lequel laquelle quand comme comment pourquoi combien si non oui est sont était etait étaient
    été ete être etre suis es sommes êtes etes sera serait seront fut ai as a avons avez ont avait avaient avoir eu aura aurait
    fait faire font fais peut peux peuvent pouvoir doit doivent faut va vais vont aller veut veux voir dit dire sait pour par
    avec sans dans sur sous entre vers chez depuis pendant avant après apres contre selon encore déjà deja toujours jamais
    aussi alors ainsi puis même meme mêmes tout tous toute toutes rien quelque quelques chaque autre autres aucun aucune
    ici là voilà voila y en lui eux moi toi soi mdr ptdr c'est j'ai qu'il n'est d'un d'une l'on merci bonjour bonsoir
    bravo super grand grande bon bonne nouveau nouvelle premier première ans jour jours monde pays ville gens temps
    vie année semaine aujourd'hui hier demain gouvernement projet prix eau maroc marocain marocaine marocains français
    service entreprise entreprises numérique travail emploi honte nul nulle vraiment enfin juste parce afin cause
    contre leur beaucoup assez via mieux fois chose choses homme femme enfants politique développement jeu film soir matin
    écologie climat pollution déchets énergie environnement planète bio recyclage belle beau vive mort guerre
    environnementale écologique éoliennes réseau connexion`,
  en: `the a an and or but not no of to in on at by for from with about into over after before between under out up down off
    i you he she it we they me him her us them my your his its our their mine yours this that these those who whom whose which
    what when where why how is are was were be been being am do does did done doing have has had having will would shall
    should can could may might must if then than so because while as until though just only even also too very more most
    much many some any all both each every other another such own same there here now again still yet already ever never
    always often soon today tomorrow yesterday tonight i'm i've i'll don't can't won't didn't doesn't isn't it's that's
    let's you're we're they're im dont cant gonna wanna get gets got getting go goes going gone went make makes made take
    come came see seen saw know knows think thought want wants need like likes love loves hate say says said tell look
    looking good great best better bad worst nice happy sad sorry thank thanks please new old first last next day days
    time year years week weekend night morning people man men woman women world country life thing things way back home
    work working watch watching game games play playing show season fans team win lol omg wow hey hi yeah yes right
    really actually maybe one two three sun mon tue wed thu fri sat sunday monday tuesday wednesday thursday friday
    saturday january february april may june july august october november december amazing awesome terrible
    service company government city water power internet network project news against through during without
    everyone someone anyone something anything everything nothing were went lets u ur r amp rt st nd th big little
    can't wait free follow tickets live music video album song book movie birthday friend friends girl boy guys guy
    did been than them into high school house white black real ready job`,
  es: `el la los las un una unos unas lo al del de y e o u pero sino ni no sí si que qué quien quién cual cuál cuando cuándo
    como cómo donde dónde por para con sin sobre entre hasta desde hacia contra según durante en a yo tú tu él ella usted
    nosotros vosotros ellos ellas ustedes me te se le les nos os mi mis tus su sus nuestro nuestra este esta esto estos
    estas ese esa eso esos esas aquel es son era eran fue fueron ser soy eres somos está están estoy estás estaba estar
    he has ha han había haber hay hace hacer hago hecho tiene tengo tienes tienen tener puede puedo pueden poder quiero
    quiere quieres va voy vas vamos van ir sabe sé saber digo dice decir dicho ver visto muy más mas menos mucho mucha
    muchos muchas poco todo toda todos todas nada nadie algo alguien alguno otro otra otros otras mismo misma también
    tambien tampoco ya aún todavía siempre nunca jamás ahora hoy ayer mañana luego después antes aquí ahí allí así bien
    mal bueno buena buenos buenas mejor peor gran grande porque aunque mientras pues entonces solo sólo tan tanto cada
    gracias hola jajaja jaja jajajaja xd día dias días año años vez veces vida gente mundo país gobierno casa cosa cosas
    tiempo noche tarde mujer hombre trabajo agua dinero verdad feliz igual creo parece gusta tal da esa hay ja están eres
    favor amor amigo amigos mierda puto puta tío encima sea estás partido d q x pa ti mí cosas haciendo favor dos tres`,
  'ary-Latn': `wach wash ach ash chno chnou chnu chkoun chkon fin fen fach kifach kifash 3lach 3lash lach 3la 3lih 3liha 3lik 3liya
    bzaf bzzaf bezzaf bezaf dyal dial diyal dyali dyalo dyalha dyalna dyalek dyalkom dyalhom dial machi mashi hadchi
    hadshi had hada hadi hado hadak hadik dak dik li lli lly ila ida wa w o ou f fi fih fiha m men mn min mnin b bach bash
    bhal b7al 7it hit hitach 7ta hta 3nd 3ndi 3ndo 3ndk 3ndna 3ndhom andi ando ana nta nti ntouma huwa howa hiya hia
    7na hna houma homa ra rah rahe raha rahom rani rak ghadi ghada ghadin gha ghir ghi ghi9 daba dab dabaa kayn kayna kaynin
    kan kant kanou kano kano kanet kon koun kont ma mabghitch mab9ach makaynch maka makanch mazal mazel mzyan mziana
    mezyan mezian zwin zwina zouin zwine khoya khouya khti sa7bi sahbi a3chiri 3chiri lah llah allah wallah wlah walah
    inchallah nchallah incha hamdoulilah hamdolilah tbarkallah lay rabi ya yak iwa ewa ah la lla walo walou chi chwiya chwia
    kol kolchi kolchy klchi koulchi bla bghit bghina bghat bgha kandir kaydir kaydiro katdir ndiro dir dirou nas nass
    lmaghrib lmghrib maghrib bled blad lblad flous lflous khdma lkhdma khdam daret dar drari lwalida rajel mra dowla
    hchouma 7chouma hmar 7mar 9wada tfo safi safi saraha bsa7 bsa7tek chokran choukran labas salam slm smiya wakha wakhkha
    yalah yallah aji hhh hhhh hhhhh hhhhhh hhhhhhh wlad bent weld dayman dima dir khassna khass khas khasso 3afak 3fak tanta
    t9der n9der kan9der kay9der m3a m3ak m3ah m3aha bih biha bihom liha lih lihom lina likom lik lia liya ntaya
    hadchi lakin walakin walakine wlakin hta7 tal tan mabin nhar lyoum lyom lbar7 ghda 3am ktar kter aktar sir jib jab
    goul gal gol galo kaygoul tgoul 9al 9alo 9alt chof chouf chaf kanchouf tji ja jat jaw aslan asslan nadi lmalik lwa9i3
    lah dial li kayn bhalo bhalhom bla walakine mhm nchalah msakn meskin maskin allah yarhmo yhdik yhdikom yster rabi`,
  pt: `o os um uma uns umas do da dos das no na nos nas ao aos pelo pela e ou mas não nao sim que quem qual como quando onde
    por para com sem sobre eu você voce ele ela nós eles elas meu minha seu sua isso isto esse essa este esta é são foi
    ser está estão estou tem tenho ter muito muita mais menos também já ainda aqui agora hoje bem obrigado`,
  it: `il lo gli i uno una di del della dei delle dal dalla nel nella sul sulla e ed o ma non che chi cui come quando dove perché
    perche per con senza tra fra io tu lui lei noi voi loro mio mia suo sua questo questa quello quella è sono era essere
    ho hai ha abbiamo hanno avere fatto più anche già ancora qui ora oggi bene molto grazie ciao tutto tutti`,
  de: `der die das ein eine einen einem einer und oder aber nicht kein keine ich du er sie es wir ihr mich dich sich mir dir
    mein dein ist sind war waren sein bin hat haben habe wird werden kann mit von zu zum zur für auf aus bei nach über
    vor im am den dem des dass wenn wie was wer wo auch noch schon nur sehr mehr hier jetzt heute gut danke`,
  nl: `de het een en of maar niet geen ik jij je hij zij ze wij we jullie mij hem haar ons mijn zijn is was waren heeft hebben
    heb wordt worden kan met van naar voor op uit bij over onder dat dit deze die wat wie waar ook nog al zeer meer hier
    nu vandaag goed bedankt`,
};

/** Languages of each word. */
export const LATIN_WORDS: ReadonlyMap<string, readonly LatinLanguage[]> = (() => {
  const words = new Map<string, LatinLanguage[]>();
  for (const [language, list] of Object.entries(WORD_LISTS) as [LatinLanguage, string][]) {
    for (const word of new Set(list.split(/\s+/))) words.set(word, [...(words.get(word) ?? []), language]);
  }
  return words;
})();
