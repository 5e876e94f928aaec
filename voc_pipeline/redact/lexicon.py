"""Word lists of the names detector, all folded (no accents, lower case): first names, surnames that are also words, what is never a name."""

from __future__ import annotations

from functools import cache


def word_set(listed: str) -> frozenset[str]:
    """The words of a list written with blanks between them."""
    return frozenset(listed.split())


# First names common in France, Belgium, Switzerland, Québec and the English-speaking world, of every origin met there.
FIRST_NAMES = word_set(
    """
    aaron abdallah abdel abdelaziz abdelkader abdelkarim abdou abdoul abdoulaye abel abigail achille adam adama adele adeline adem adil
    adrian adriana adrien agathe aglae agnes ahmed aicha aida aime aimee aissa aissatou alain alan alana alassane alba alban albane albert
    alberto aldo alec alejandro aleksandra alessandro alessia alex alexander alexandra alexandre alexia alexis alfred ali alice alicia
    alienor alima aline alison alissa alix alizee allan alma alphonse alyssa alzbeta amadou amanda amandine amaury ambre ambroise amel
    amelia amelie amin amina aminata amine amir amira amy anabelle anais anastasia anatole andre andrea andreas andree andrew angel angela
    angele angelina angeline angelique angelo angie angus anis anissa anita ann anna annabelle anne annette annick annie anouk anthony
    antoine antoinette anton antonin antonio apolline april arlette armand armelle arnaud arsene arthur arya ashley asma assia assma astrid
    astride aubin aude audrey auguste augustin augustine aurelia aurelie aurelien aurore austin ava axel axelle aya ayden aymen aymeric
    ayoub aziz aziza baptiste barbara barry bart basile bastien beatrice beatriz ben benedicte benjamin benoist benoit berenice bernadette
    bernard bertrand beth bethany betty beverley bilal bill billy blaise blanche blandine bob bonnie boris boubacar bradley brahim brandon
    brenda brendan brent brian brice brigitte brittany bruce bruno bryan caitlin calvin cameron camila camille candice capucine carine carl
    carla carlos carmen carol carole carolina caroline caroll carolyn casey cassandra catalina caterina catherine cathy cecile cecilia
    cecily cedric celeste celestin celestine celia celina celine cem chad chafik chaima chantal charlene charles charlie charline charlotte
    chelsea cherif chiara chloe chris christa christel christele christelle christian christiane christina christine christophe christopher
    cindy claire clara clarisse claude claudette claudia claudie claudine clea clelia clemence clement clementine cleo clifford clothilde
    clotilde clovis colette colin coline connor constance constant constantin corentin corinne cory craig crystal curtis cynthia cyprien
    cyril cyrille dahlia daisy damien damon dan dana daniel daniela daniele danielle danny daphne darren dave david dawn dean deborah debra
    delia delphine denis denise dennis derek desiree diana diane didier diego dieudonne dimitri dina djamel djamila djibril dominic
    dominique donald donna doriane dorian doris dorothee dorothy douglas driss duncan dylan earl ebony eddie eddy edgar edith edmond edouard
    eduardo edward edwige eileen elaine eleanor elena eleonore elia elian eliane elias elie eliette elif eliott elisa elisabeth elise
    elizabeth ella ellen ellie eloane elodie eloise elsa elvire elyas emeline emeric emile emilia emilie emilien emily emma emmanuel
    emmanuelle emmy enora enzo eric erica erik erika erin ernest erwan esteban estelle esther ethan etienne eugene eugenie eva evan evelyne
    eve evelyn ezra fabien fabienne fabio fabrice fadila faith fanny fanta farah farid farida faten fatiha fatima fatma fatou fatoumata
    faustine fay felicia felicie felicien felipe felix fernand fernanda fernando fidele filipe fiona flavie flavien fleur flora flore
    florence florent florentin florian floriane fouad franca france francesca francesco francine francis francisco franck francois francoise
    frank frankie fred freddy frederic frederick frederique gabin gabriel gabriela gabriella gabrielle gael gaelle gaetan gaetane gareth
    gary gaspard gaston gauthier gautier gavin genevieve geoffrey geoffroy george georges georgette georgia georgina gerald geraldine gerard
    germaine ghislain ghislaine ghizlane gilbert gilberte gilles gillian gina ginette giovanni gisele giulia giuseppe gladys glenn gloria
    gordon grace graham greg gregoire gregory guilhem guillaume gustave guy gwen gwenael gwenaelle gwendoline hadrien hafida hafsa hakim
    halima hamid hamza hana hanane hannah harold harriet harry hassan hatice hawa hayat heather hector heidi helen helena helene helga
    heloise henri henriette henry herve hichem hicham hilda hind hippolyte holly honore hortense houda howard hubert hugh hugo hugues
    huguette ian ibrahim ibrahima idriss idrissa ignace igor ikram ilan ilana ilhan ilona ilyas ilyes imane imed imene ines inaya ingrid
    irena irene iris irma isaac isabel isabella isabelle isaiah isaure ismael ismail issa ivan ivana iwona jack jackie jackson jacob
    jacqueline jacques jade jake jalal jamal james jamie jamila jan jane janet janice janine jared jasmin jasmine jason javier jawad jay
    jean jeanine jeanne jeannine jeff jeffrey jenna jennifer jenny jeremie jeremy jerome jerry jess jesse jessica jessie jihane jill jim
    jimmy joachim joan joana joanna joanne joao joaquin joe joel joelle joey johan johann johanna john johnny jon jonas jonathan jordan
    jordane jorge jose josee joseph josephine josette josh joshua josiane josie joy joyce juan juanita jude judith judy jules julia julian
    juliana julianne julie julien juliette june justin justine kader kadiatou kahina kaitlyn kamal kamel kamila karen karim karima karin
    karine karl karolina karoline kate katherine kathleen kathryn kathy katia katie kayla kayleigh keith kelly kelvin kenneth kenny kenza
    keren kerry kevin khadidja khadija khadim khaled khalid khalil kieran kilian killian kim kimberly kristina kristen kurt kyle kylian
    lamia lamine lana lara larbi larry lars latifa laura laure laureen laureline lauren laurence laurent laurette laurie laurine layla lea
    leah leana leandre leane lee leila lena leo leon leona leonard leonardo leonie leonor leopold leslie leticia leyla lia liam liana lila
    lilas lili lilia lilian liliane lilly lily lina linda lindsay line lionel lisa lise lison livia liz lizzie loan loane loic lois lola
    loris lorenzo loretta lorraine lotfi lou louane loubna louis louisa louise louna lourdes luc luca lucas lucia luciana lucie lucien
    lucienne lucile lucille lucy ludivine ludovic luigi luis luisa luke luna lya lydia lydie lyes lylia lyna lynda lynn mabel macha maddison
    madeleine madeline madison mae mael maelle maelys maeva magali magalie magdalena maggie mahamadou mahe maheva mahmoud maia maimouna
    maite malcolm malek malik malika malika malo mamadou manel manon manuel manuela manuella marc marceau marcel marcelle marcelline marco
    marcus mareva margaret margaux margot marguerite maria mariam mariama marianne marie mariela marielle marilyn marin marina marine mario
    marion marisa marise marius marjorie mark marlene marlon martha marthe martial martin martina martine martyn marvin marwa marwan mary
    maryam maryama maryline maryse maryvonne massimo mateo mathias mathieu mathilde mathis mathys matilda matt matteo matthew matthias
    matthieu maud maureen maurice mauricette mauricio max maxence maxime maximilien maxwell may maya maylis mayssa medhi medina megan megane
    mehdi melanie melina melinda meline melissa melodie melvin mercedes meriem meryem michael michel michele micheline michelle mickael
    mickaella miguel mihai mike mikael mila milan milena miles milo milena mina minh miranda mireille miriam misha mohamed mohammad mohammed
    moira mona monica monika monique morad morgan morgane mostafa mouad moulay mounia mounir mourad moussa moustapha muhammad muriel
    murielle murray mustafa mustapha mylene myriam nabil nabila nacer nadege nadia nadine nadir naima najat najib nancy naomi narjess nassim
    nassima nastasia natacha natalia natalie natasha nathalie nathan nathanael naoual nawal nawel neal ned neil nelly nelson nessrine nezha
    niamh nicholas nick nicola nicolas nicole nicoletta nigel nikita nils nina nino noah noam noe noel noelie noelle noemie nolan nolwenn
    nora norah norbert nordine noreen norman noura nour noureddine oceane octave odette odile olga olive oliver olivia olivier omar ombeline
    ophelie orane oriane orlane orlando oscar ottilie othman otman ouassim oumar oumou ousmane oussama owen pablo paloma pamela paola paolo
    pascal pascale pascaline pat patrice patricia patrick patty paul paula paule paulette paulin pauline paulo pedro peggy penelope percy
    perrine peter petra philibert philip philippa philippe phillip phil phoebe pierre pierrette pierrick pierrot prisca priscilla priya
    quentin quincy rabah rachel rachid rachida radia rafael raffaele ralph ramon ramona randall randy rania raoul raphael raphaelle raquel
    rauf ray raymond raymonde rayan rayane rebecca regine regis reine remi remy renata renaud rene renee rhys ricardo richard rick ricky rim
    rita roald rob robert roberta roberto robin robyn roch roderick rodolphe rodney rodrigue rodrigo rodrigue roger roland rolande romain
    romane romane romaric romeo romy ron ronald ronan rosa rosalie rosanna rose roseline rosemary rosie ross roxane roxanne roy ruben ruby
    rudy russell ruth ryan saad sabine sabri sabrina sacha sadia safia said saida saliha salim salima salimata sally salma salome salomon
    salvador salvatore sam samantha sami samia samir samira samson samuel samy sana sandie sandra sandrine sandro sandy santiago sara sarah
    sarra sasha saul scott sean sebastian sebastien selena selim selima selma semih serena serge sergei sergio severin severine seydou shana
    shane shannon sharon shaun shawn sheila shelley shirley sibylle sidonie siham silvia simon simona simone sidney sihem siobhan slimane
    sofia sofian sofiane sofija soizic solal solange solene soledad solenne sonia sonya sophia sophie soraya souad soufiane souhila soukaina
    souleymane stacey stacy stan stanislas stanley stefan stefania steeve stella stephane stephanie stephen steve steven stevie stuart sue
    sullivan susan susie suzanne suzette sven svetlana swann sybille sydney sylvain sylvaine sylvana sylvestre sylvette sylvia sylviane
    sylvie tahar talia tamara tania tanguy tania tara tarek tariq tasha tatiana tatum taylor ted teddy temperance teresa terrence terry tess
    tessa thais thea theo theodora theodore theophile theresa therese thibaud thibault thibaut thierry thiago thomas tiago tibo tibault
    tiffany tim timeo timothe timothee timothy tina titouan tobias toby todd tom tomas tommy toni tony tracey tracy travis trevor tristan
    troy tudor tyler ugo ulrich ulysse ursula valentin valentina valentine valeria valerie valery vanessa vera veronica veronique vicente
    vicki vicky victoire victor victoria victorien vijay viktor vince vincent vincente viola violaine violette virgile virginia virginie
    vito vivian viviane vladimir wafa wahid walid walter wanda warren wassim wayne wendy wesley wilfrid wilfried will william willy winnie
    wissam xavier yacine yael yamina yan yanis yann yannick yannis yasmina yasmine yassin yassine yazid yohan yohann yolande yolanda yoann
    youcef younes youness youri youssef youssouf yuri yusuf yves yvette yvon yvonne zachary zahra zakaria zaynab zelie zeynep zineb zinedine
    zita zoe zoey zohra zora zoubida zoulikha
    keisha hamish marek dwayne aaliyah imran tomasz katarzyna agnieszka malgorzata piotr pawel krzysztof wojciech jakub zofia ondrej jiri vaclav
    bogdan mihaela ioana andreea razvan dragos stefano giorgia lorena ximena guadalupe beatrix ursule philomene soren bjorn ingeborg astou
    aissatou bintou coumba ndeye mamadi fode seynabou kouame koffi amadi chidi ngozi oluwaseun adebayo kwame kofi abena thandi sipho rajesh
    suresh ramesh anil sunil deepak sanjay rahul rohit amit ankit pooja neha anjali kavita sunita lakshmi arjun vikram siddharth fatoumata
    djeneba oumy rokia rokhaya maryse thuy huong phuong xiao yuki haruto sakura kenji hiroshi akira minji jisoo yasmin leyla omar tarik
    rayhana sirine chaymae hajar oumaima salwa hasna naila lotfia zakia fethi ridha noureddine abderrahmane abdelhak abdellatif abdelmajid
    benoite gwenn maiwenn nolwen rozenn tugdual goulven maodez erwann loig yannig padrig ainhoa maialen xabi peio benat aitor iker nekane
    amaia itziar leire joris wouter maarten jeroen pieter sander femke lotte anouck griet veerle geert joost thijs ruud aurelien lilou lison
    tiphaine ombline sixtine clotaire gonzague amaury foulques alienor eulalie philippine quitterie victorine apolline honorine leopoldine
    mahaut eglantine anselme barnabe cosme emeline gautier gaultier gildas hermine isaline jeannette jeannot josephe lilwenn lubin marcelin
    maylie melaine nael naelle nahil naim noa noan nohan oihana olwen owenn raphaelle rosine sohan soan thelma tilio timothe titouan tristan
    tybalt ysaline zacharie deb debbie jen jenn kirsten kirsty lorna morag fiona iain euan ewan callum alasdair angus catriona mairi siobhan
    niamh aoife ciaran declan eamonn padraig saoirse oisin rhiannon gethin dafydd bronwen cerys gwyn sian shanice tyrone jamal latoya tamika
    darnell deshawn
    coralie kenzo priscille enguerrand dwight adelaide agathon aglaee aldric alexine alfredo aloys alpha ambroisine ameline anael anaelle ania
    annabel annaick annelise anselm antonella antonino aristide arlene armance armando armandine arnold artus athenais aubane aube audran
    aurel avril aymar babacar balthazar barthelemy bathilde bella benedict benedikt berangere bernardo bertille berthe bettina bianca
    blandin brieuc briac brendon brigid bryce calixte candy capucin carlotta casimir cassie cathal cathleen cecilien cesar chadia charly
    chayma cherifa cheyenne chirine christal christobal clair clarence claudius clelie cloe colleen colombe concetta connie coralia coraline
    coralyne cordelia cornelia cornelius cristiano cristina cyndi cyrielle cyrus damian damir danae danica danilo darius darlene daryl
    davina dayana deirdre delfina delphin denys desmond dominika dominik donatella donatien donovan doreen dorine dorothea dounia dragan
    edda edern edgard edna eduard edwin egon eilidh elaia elea eleana elfried eliana elianne elioth eliza elliot elliott eloi elodia elouan
    emilio emmeline emmerick enola enrico enrique enzio ernestine esmeralda esmee estebane etiennette eudes eugenia euphrasie evangeline
    evann evariste everett ewen fabiana fabiola fabrizio faical faissal fanch fanette fatoma faustin federica federico felicite felicity
    ferdinand fernande ferreol fidelia fidji filipa filippo flavia flavio flavius fleurine florette floriana florinda floryan fodil
    francette francelin franciane frantz franz frederica frederico fredrik freya friedrich gabriele gaia galina garance gaspar gauvain gemma
    genny geoff georgy gerardo gerd gerda gerry gersende gertrude ghita ghyslaine giacomo gianluca gianni gilda giles gino giorgio gisela
    gislaine gladis glenda gontran gonzalo goran gracia graziella gregor greta griselda guenaelle guendal guenole guilaine guillemette
    gunther gustavo gwendal gwenaele habib habiba hadja hadjer haim hakima halim hamed hamidou hanae hania hank hans haroun hassen hatem
    hayden heike heinz helder hella helmut hendrick henrietta henrik henrique hermann hermance hilaire hilary hillary hoang hocine horace
    horst houcine houria hubertine ibtissam ibtissem idris ignacio ikrame ilam ilda ilenia iliana ilias ilse iman imad inessa inger ingo
    ioan ioanna irenee irina isadora iseult isidore isis isolde issam istvan izabela jacinta jacinthe jacky jacquelin jacquemine jacquot jad
    jaime jalila jamaa janette janick janis janna jannick jaouad jaroslav jasmina jasper jawed jayden jayson jeanette jeannie jeffery jehan
    jelena jemima jenifer jerzy jil joceline jocelyn jocelyne joeline johanne johnatan jolanta jolene josefina josepha joseline joselyne
    josselin jovana jozef juliane juliano juliet juliusz jurgen justina kacper kahena kais kalid kalidou kamelia kamilia karel karelle karla
    karlo karol karole karsten kasia katell kateline katerina katel katja katrin kaya kayden keira kelyan kendra kenan kerstin kheira
    killyan kimberley kinga kirill klaus klervi konrad konstantin kristell kristian kristof kristopher krystel ladislas laetitia laeticia
    laila lakhdar lambert laureana laurelle laurentine lauriane lauryn lazare leandro leanne leatitia leeroy leif lelia lenaic lenaick lenny
    lenora leocadie leonce leonel leonid leontine leopoldo leslye liane lidia lidwine liese ligia lilianne lilya linh linnea liora lisbeth
    lisette liza loana loann loraine loreen lorelei lorene lorette lorie lothaire louanne louca loucas louison lowen lubna lucca luce
    lucette luciano lucinda ludmila ludmilla ludwig luigina lukas lukasz luz lyana lylou lyse lysiane mabrouk mackenzie madalena maddy
    maelan maelyne maelyss maeve magda magdelaine magloire magnus mahdi mahmud maika maina maissa majda majid malcom malena mallaury mallory
    malvina manal mandy mansour manu marceline marcelino marcio margerie margo margarida margarita margarete margit mariana mariano
    mariannick maribel mariette marika marilou marilyne marinette marinella marjolaine markus marko marleen marley marlyse marouane martino
    marylene marylin marylise marylou maryne marysa maryvette masha mathurin mathylde matias matis mattia mattheo mattis mauranne maurine
    maxine maximilian maxim maylee maylin mayeul mayron mazarine medard mederic melany melchior melia melisande melody melusine menad
    meredith merouane meriam merwan micael michal mickey miguelito mihail mikaela milana miloud milosz minna mirabelle mirella miriana mirko
    miroslav mohamadou mohand moise monia montserrat morane morganne mounira moustafa myriem myrtille nadjet nadji nadira naelie nahla nahia
    nais najet najoua nancie naoufel narcisse nasser nastassia nathalia nathaniel nathy nausicaa nazim nedjma nelia nella nelya neola nestor
    nevena nevin nicanor nicoleta nicolette nihad nikola nikolai nikos nilsson ninon nisrine noelia noella noellie nolann nolhan noor norine
    norma nouria nourdine novella oceanne octavia octavie octavien odilon odran olaf oleg olena olindo oliwia olympe omaira omayma ondine
    onesime oriana ornella orso oscarine osman oswald othmane othello otilia ouiam ouidad oumayma owain oxana paco paolina pascalin patience
    patricio patrik patrizia pauliane paulina pearl pelagie perceval pernelle perrette petar petronille philippot philomena phyllis pier
    pietro placide pol polina primael prosper prudencio rabia rached rachelle radhia radoslav rafaela rafaelle rafik ragnar rahma raimond
    raissa rajaa ralf ramdane ramy ramzi randolph raphaela rashid raymondine rayhan redouane regina reginald reinhard renald renan renate
    renaude renato reynald reynold riad ricarda richarde riham rihab riwan roberte robinson rocco rodolfo rogatien rolf romana romuald ronny
    rosalia rosaline rosalind rosamund rosange rosario roselyne rosetta rosita roswitha roxana rozen ruddy rufus rui rupert sabah sabeha
    sabino sabria sadio safa safae safiya sahar saidou sakina salah saleh salem salvatrice samara samba samih samya sandrina sanja santina
    sarina sascha satine saverio savinien sebastiano sebastiao segolene selene senami septime seraphin seraphine sergey sergine servane
    severino sevda shaima shaina shan shanon shanna sharone shayna sheryl shirine sibel siegfried sigrid silas silvana silvere silvestre
    silvio silvie simeon simonetta simonne sinead sirius sixte sloan sloane soazig socrate sofiya sohane solann solena solenn solveig sonja
    sonny soria sosthene souhail soulayman soumaya spencer stanislav stecy steffi stephania stephany sterenn stig suliman suzana suzanna
    suzel suzie svenja sybil sydonie sylvan symphorien tabatha taha tahir taieb talal tamar tancrede tanja tao taous tarak tatienne tayeb
    telma temim teo teodora terence terezinha tessy thaddee thalia thecla theodor theodoros theotime theresia thibauld thibe thomasine
    thorsten tiana tibor tiffanie tilda timon tino titiana tobie tomi toinette toussaint toufik trevis tristana tuana tunde turgut tyron
    ugoline ulla ulrike umberto urbain urielle ursuline uwe vadim vahina valdemar valentino valere valeriane valerian valou vanina vasco
    vassili velia venceslas verena verane veronika vesna viana vicenta vidal vigor vilma vincenza vincenzo vinciane viorel virgil virgilio
    virginio vittoria vittorio viviana vladislav volker wael wahiba waldemar wallis waltraud wanis wassila wendeline werner widad wiem
    wilhelm wilhelmine willem wilma wilson wim winifred winston wissem wladimir wolfgang wyatt xander xaviere ximun yacoub yaelle yaelis
    yamin yanick yanina yanisse yannic yara yaron yassir yekta yoan yohanna yolaine yoni yorick youna younesse yousra youssra yovan ysee
    yuliya yuna yunus yvan yvann yvelise yveline yvonnick zacharia zackary zaher zahia zahir zaina zakarya zbigniew zdenek zeina zelda
    zenaide zeno zenon zeynab zhara ziad zied zineddine zlatan zoran zuleika zuzanna marjory darrell darryl clyde floyd herbert irving leroy
    melvyn milton morris sheldon sherman stewart vernon wallace warwick wilbur imogen poppy elsie millie jemma kerrie nigella pippa rhona
    tamsin tracie
    """
)

# First names that are also words, places, brands or products: they need a cue (a greeting, a civility, a signature, a surname ...).
AMBIGUOUS_NAMES = word_set(
    """
    abel achille adam aime aimee alba santiago maurice amelie manuel lotte hermine foulques eglantine nadir clemence philippine florentin angelique victorien kelvin alex alexa alexia alma ambre amy ange angel angele april aurore austin ava
    barry bart ben bill blaise blanche bob bonnie boris camille capucine carl carmen caroll celeste chad charlotte chelsea christian claire
    clea clement clementine cleo constance constant crystal dahlia daisy dan dana dawn dean diane diego dolores earl ebony eden elia ella
    erin esther eve faith fanny fay felix fidele fleur flora flore florence franc france franck frank georgia germaine grace guy gauthier
    harmonie harry heather hector helena hermes holly honore hope hortense ines iris ivan jack jackson jacob jade jan jane jasmin jasmine
    jay jean jeff jersey jess joe joel jordan joy judith jules june justine kim lana lara laure laurence lea lee leo leon lia lila lilas
    lili lily lina linda line lion livia liz loan lola lorraine lotus lou louis louise lourdes luc luca lucky luke luna lynn lys madeleine
    madison mae magnum marc marguerite maria marin marina marine mario marius mark martin matt max maxime maxwell may maya medina megane
    melodie mercedes mike milan miles mila milo mina modeste mona morgan nancy nano neil nelson nicolas nina noe noel noelle nora nour
    oceane octave olive oscar parfait pascal pascale pat paul paris paule pauline peggy perle pierre pierrot prune prudence rachel ramon ray
    reine remi remy rich rim rita rob robin roland romane romeo rosa rose rosalie rosemary rosie ross roy ruby sacha said sally salome sam
    samson san sandy sara saul savannah scott selma serge serena severin shannon sidney sofia solal solange stan stella sue suzette sydney
    tara tatum taylor ted temperance tess tim tom toni tony tudor valentin valentine valeria vera victoire victor victoria vince vincent
    viola violette virginia vito wayne wendy will winnie yan zara zita zoe zora simon sullivan stanley sana salvador ruth martial rick ron
    alpha arnold aube avril balthazar barthelemy candy capucin cassie cesar clair colombe edwin felicite franz garance gemma gracia hank hans
    hella iman ingo jacinthe jasper jawed jehan johanne lambert leeroy leonid liane lorette luce ludwig lyse mahdi marjolaine mathurin matis
    maxim melody mickey mirabelle moise myrtille nais narcisse octavia octavie olympe ondine patience pearl pier placide pol regina renate
    renaude richarde robinson rolf ruddy salem salvatrice samara samba satine seraphin sirius sixte sonny spencer sylvan tao timon urbain
    ursuline valeriane vidal vigor wallis wilson zaher clyde leroy milton morris vernon poppy
    shan perceval orlando gaia kenzo zelda isis bella
    """
)

# First names that are words when in lower case (SMS, English, slang) although the French dictionary does not know them.
LOWER_WORDS = word_set(
    """
    abel adam adil aime alba alex ali alma amber amy ange angel ann april art asia aube bart ben bill billy blanche bob bonnie boris brad
    brian bruce bud carl carla cash cassandra celeste cem chad charlie chase chris christian clara claude clement cole connor constant
    crystal daisy dan dana dave dawn dean diane dick dolores dylan earl eden elia elif ella erin eve ezra faith faten fay flora florence
    france frank fred gabin gene george gilles glen grace grant guy hana harry hawa hazel heather henry hind holly hope houda imed iris isa
    issa ivan jack jade jake james jan jane jay jean jeff jenny jess jill jim jimmy joan joe john johnny jon jonas joy joyce juan jude
    judith jules june justin karl kate katie keith kelly ken kent kenza kim kurt lance lara larry lars lee leo leon lia liam lila lili lily
    lina linda line lise liz loan lois lola lou louis luc luca lucy luke lulu luna lynn mae maia malo marc maria marine marion mark mars
    martin mary mat matt max maxime may maya meg mercedes mia mike mila milan miles min mina mona nat ned neil nick nico nino noam noe noel
    nora nour olga olive otto pablo pam pascal pat paul paula peter phil pierre priya prudence ralph ray reda regis reine remi rich rick rim
    rob robin roland rom roman rosa rose ross roy ruben ruby ruth ryan said sally salome sam sami sana sandy sara saul scott sean seb serge
    sofia sol solene stan stella steve sue sven tania ted tess tim tina todd tom tony troy ugo valentin valery vera victoire victor vincent
    violette vito wade walter wanda wendy will yan zoe
    anis jaime nella casimir teddy alba ornella
    """
)

# Surnames that a dictionary also knows as words: accepted after a civility or a first name even though they are words.
SURNAMES = word_set(
    """
    adam allard andre andrieu arnaud aubert aubry auger bailly baker barbier barre baron barthelemy bazin bell benard benoit berger bernard
    bertin bertrand besson bigot black blanc blanchard blanchet blondel bodin bois bonneau bonnet boucher boulanger bourdon bourgeois boutin
    boyer breton briand brown brun bruneau brunet buisson camus carlier caron carpentier carre carter charbonnier charles charpentier
    charrier chauvin chevalier chevallier clark clement clerc cohen colas colin collet collin cook cooper cordier cordonnier coste couturier
    da daniel david davies davis delmas denis deschamps descamps dubois duchene duclos dufour dumas dumont dupont dupuis dupuy durand duval
    edwards etienne evans evrard fabre faure favre fernandez ferrand ferreira fischer fisher fleury fontaine forestier fournier fox francois
    gaillard garcia garnier gauthier gautier georges germain gerard gilbert gilles girard giraud gomez gonzalez grand granger green grenier
    gros guerin guerrier guillaume guillot guy guyot hall hamel harris henry hernandez hill hubert huet hughes humbert hunter imbert jackson
    jacob jacques jacquet james jean joly jones jourdan jung keller khan king klein lacroix laine lambert langlois laporte lasserre laurent
    leblanc lebrun leclerc leclercq lecomte lefebvre lefevre leger legrand lemaire lemoine leonard leroux leroy leveque lewis long lopez
    louis lucas maillard maillet mallet marchal marchand marechal marie marin marion martel martin martinez martins mary masse masson
    mathieu maurice menard mercier merle meunier meyer michaud michel millet miller millot mitchell monnier moore moreau morel moreno morin
    morris moulin muller nguyen nicolas noel olivier page parent paris parker pasquier patel paul payet pelletier pereira perez perret
    perrier perrin perrot petit philippe phillips picard pichon pierre poirier pons potier poulain prevost price prigent raymond raynaud
    regnier remy renard renaud renault rey reynaud richard riviere robert roberts robin robinson roche rodrigues rodriguez roger rolland
    rossi rousseau roussel roux roy royer sanchez santos sauvage schmitt schneider scott seguin shaw silva simon singh smith stone tanguy
    taylor tessier texier thibault thomas thompson turner valentin vallee vasseur verdier vidal vincent voisin walker ward watson weber
    white williams wilson wood wright young bouvier berthier besnard bouchet brault carriere chapelle charron chretien cousin dubreuil
    ferrier fortin gagnon gagne gendron lavoie levesque ouellet pelletier poulin tremblay bouchard cote
    """
)

# What a person is addressed by.
CIVILITIES = word_set(
    """
    m mr mrs ms miss mme mlle mm mmes monsieur madame mademoiselle messieurs mesdames mister dr docteur doctor pr professeur prof maitre me
    sieur monseigneur msieur mam mms
    """
)

# Family particles: part of a name when a capital or another name follows.
PARTICLES = word_set(
    """
    de du des d la le les l ben bel el al abd ait van von der den da das dos di del della do mc mac o st saint sainte ter ould bin ibn ten
    """
)

# Never (the start of) a name, even with a capital: function words, openings of sentences, roles, courtesies, companies.
NOT_NAMES = word_set(
    """
    a ah ai aie aller alors apres as assez attention au aucun aucune aujourd aussi autre autres aux avait avant avec avez avoir avons
    beaucoup belle bien bientot bienvenue bon bonjour bonne bonnes bonsoir bof bravo bref but ca car ce ceci cela celle celui certes ces cet
    cette chacun chaque cher chere chers chez ci clairement combien comme comment concernant concerne cordialement coucou courage dans de
    debut deja demain depuis derniere dernierement des desole desolee deux devant deux dis donc dont du durant eh elle elles en encore enfin
    ensuite entre est et etait etant ete etes etre eu eux exact exactement excellent excellente face faut fin franchement fuir fuyez genial
    ha haut helas hier hors il ils impossible inadmissible incroyable ici j jai jamais je jespere jeudi jour jusqu juste l la le les leur
    leurs lors lui lundi ma madame mademoiselle mais malgre malheureusement mardi mauvais mauvaise me meme merci mercredi mes messieurs
    mesdames mieux mme mlle moi moins mon monsieur n navre ne ni nickel non nos notre nous nul nulle oh ok on or ou oui par parce parfait
    parfaite pareil pas pendant personne peu peut plus plusieurs possible pour pourquoi pourtant pouvez pq pk pr pire premiere premier
    presque qu quand quant que quel quelle quelles quels quelqu quelque qui quoi ras re rien rapide sa samedi sans sauf se selon ses
    seulement si six slt soit son sont sous souvent suis suite super sur surtout svp stp ta tant te tel telle tellement tes ton toujours
    tous tout toute toutes tres trois trop tu un une urgent vendredi vers veuillez via vite voici voila vos votre vous vraiment vu y zero an
    and any are as at be been being but by can cannot could did do does doing done dont each ever every for from get got great had has have
    having he hello her here hey hi him his how i if im in is it its just let like lol look more most much must my need never new nice no
    nobody nor not nothing now of off oh old on once one only or other our out over please poor quite re really same she should shame since
    so some still such sure terrible than thank thanks that the their them then there these they this those three to today too two under
    until up us very waiting was we well went were what whatever when where whether which while who why will with without worst would wow
    yes yesterday yet you your yours all everyone everybody again team guys folks support service services abonne abonnee abonnes adherent
    adherente administration advisor agence agent agents alerte ami amie amis anonyme arnaque assistance assure assuree banque boutique
    chauffeur chef client cliente clientele clients colis collegue collegues commande commercial commerciale compagnie company compte
    conseil conseiller conseillere conseillers contrat courrier customer customers dame dames directeur direction directrice docteur dossier
    driver equipe facture famille femme fils fille fournisseur garcon gens gestionnaire group groupe hotesse internaute juge livraison
    livreur magasin maire maitre manager mari mec menage monde operateur papa maman patron personnel police ministre president presidente
    prefet procureur produit professeur proprio qualite reclamation responsable retour sav secretaire service siege sir site societe
    technicien technicienne ticket tlm usager usagers utilisateur vendeur vendeuse voisin voisine ladies gentlemen madam mum mom dad bro
    mate buddy sirs member colleague doctor officer judge minister accueil avis objet note titre sujet question reponse info infos
    information informations numero nom prenom mail email telephone tel adresse date reference bla blabla blah etc hs ps pj nb tv sms fai
    cgv rgpd janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre january february march april may june july
    august september october november december monday tuesday wednesday thursday friday saturday sunday dimanche france paris lyon marseille
    lille bordeaux toulouse nantes nice strasbourg rennes montpellier bruxelles geneve lausanne montreal quebec london londres europe
    belgique suisse canada espagne italie allemagne maroc algerie tunisie corse bretagne normandie alsace lorraine english french francais
    francaise anglais internet wifi fibre adsl box forfait mobile android iphone samsung apple google microsoft windows galaxy huawei xiaomi
    oppo sony nokia motorola honor dyson bosch philips whirlpool siemens electrolux miele rowenta tefal moulinex seb delonghi nespresso lg
    asus acer lenovo dell hp canon epson brother netgear fritz livebox freebox bbox sfrbox orange sosh free sfr bouygues red nrj coriolis
    prixtel syma lebara lycamobile proximus telenet base voo swisscom salt sunrise videotron bell telus rogers fido koodo vodafone ee bt sky
    virgin three verizon comcast xfinity att tmobile sogetrel circet scopelec constructel solutions30 edf engie gdf enedis grdf
    totalenergies total eni ekwateur ilek veolia suez saur sncf ouigo inoui ratp tisseo tcl tgv ter eurostar thalys transavia easyjet
    ryanair vueling lufthansa klm airfrance volotea corsair laposte poste colissimo chronopost mondial relay relais gls dpd dhl ups fedex
    ups tnt relaiscolis amazon cdiscount fnac darty boulanger rueducommerce veepee showroomprive zalando asos shein temu aliexpress vinted
    ebay leboncoin backmarket rakuten wish manomano castorama leroymerlin bricomarche bricorama ikea conforama maisonsdumonde but alinea
    gifi action lidl aldi carrefour auchan leclerc intermarche monoprix casino cora franprix picard biocoop naturalia decathlon intersport
    gosport sephora marionnaud nocibe yves rocher loreal zara hm kiabi celio jules etam camaieu undiz mango uniqlo adidas nike puma zadig
    maje sandro lacoste maif macif maaf matmut gmf axa allianz generali groupama mma covea harmonie malakoff alan luko lovys direct
    assurances april bnp bnpparibas lcl bred boursorama boursobank fortuneo hellobank monabanq ing n26 revolut qonto cofidis cetelem sofinco
    floa oney younited paypal klarna alma stripe visa mastercard amex swile edenred ticketmaster fnacspectacles booking airbnb expedia
    tripadvisor trustpilot trivago hotels accor ibis novotel mercure uber bolt blablacar heetch deliveroo ubereats justeat frichti gorillas
    netflix disney canal deezer spotify molotov youtube facebook instagram twitter whatsapp tiktok linkedin messenger telegram caf cpam
    urssaf pole emploi ants ameli carsat msa crous dgfip impots prefecture mairie tribunal trustedshops tesco sainsbury asda argos currys
    ocado waitrose morrisons walmart target costco bestbuy lloyds barclays hsbc natwest santander monzo halifax chase citibank british gas
    octopus ovo eon scottish power dixons carphone giffgaff o2 renault peugeot citroen dacia toyota nissan ford opel volkswagen audi bmw
    mercedes fiat kia hyundai tesla norauto midas feuvert speedy euromaster hertz avis europcar sixt ada getaround krys afflelou optic2000
    atol grandoptical audika amplifon doctolib qare livi chatgpt siri alexa cortana teams zoom outlook gmail yahoo hotmail bing chrome
    firefox safari linky gazpar playstation xbox nintendo switch steam fortnite kindle fire airpods macbook ipad imac pixel note redmi nova
    edge
    """
)

# First words of companies, places and products that begin like a person's name; "_" stands for a blank.
NOT_PERSON_STARTS = frozenset(
    pair.replace("_", " ")
    for pair in word_set(
        """
        adrien_gagnon agnes_b alain_afflelou alain_ducasse alain_manoukian albert_heijn alice_box alice_springs austin_texas ben_et
        ben_jerry black_friday bon_gustave calvin_klein caroline_biss cecile_jeanne charles_de charles_gaulle charlotte_aux christian_dior
        christian_louboutin claudie_pierlot cyril_lignac daniel_hechter daniel_wellington docteur_house dolce_gabbana dr_martens dr_oetker
        dr_pepper ella_bache eric_bompard florence_nightingale france_bleu france_connect france_inter france_loisirs france_services
        france_telecom france_televisions france_travail franck_provost george_v georges_pompidou georges_v gerard_darel google_home grace_a
        hapag_lloyd harry_potter hugo_boss jack_daniel jacques_dessange jacques_vabre jean_coutu jean_jaures jean_lefebvre jean_louis
        jean_paul john_deere john_lewis johnny_walker jules_ferry jules_verne kate_spade leonard_de leonardo_da leroy_merlin lise_charmel
        logan_mcv louis_pasteur louis_vuitton m_bricolage macha_allah madame_figaro madame_tout marc_jacobs marc_orian marie_blachere
        marie_claire marie_curie marks_spencer martin_margiela mary_kay max_azria max_havelaar max_mara megane_rs mercedes_benz michael_kors
        miss_france mister_bean mister_good monsieur_bricolage monsieur_cuisine monsieur_meuble monsieur_propre mr_bean mr_bricolage
        nicolas_feuillatte nina_ricci noel_dernier notre_dame oliver_bonas paul_bocuse paul_smith pere_noel philippe_etchebest pierre_cardin
        pierre_fabre pierre_herme ralph_lauren ray_ban reine_claude robert_laffont roland_garros rose_bonbon rose_gold rose_pale
        saint_laurent saint_valentin sainte_anne san_francisco santa_claus sao_paulo sergio_rossi tara_jarmon thierry_mugler thomas_cook
        tommy_hilfiger uber_eats victor_emile victor_hugo victoria_secret will_smith william_hill yves_rocher yves_saint zoe_electrique
        """
    )
)

# After one of these, a capitalised first name is the name of a place.
PLACE_CUES = word_set(
    """
    rue avenue boulevard place quai gare station metro lycee college ecole hopital clinique aeroport airport stade saint sainte st ste cite
    pont tour parc square salle theatre centre arret universite fondation institut prix residence allee chemin impasse cours maternelle
    collège eglise cathedrale port fort mont musee bibliotheque mediatheque foyer ehpad crous campus rer ligne hotel restaurant boulangerie
    pharmacie marque enseigne street road bot application appli modele voiture renault san sao santa santo chi port new saints saintes ile
    iles coquille coquilles cafe cafes comptoir comptoirs king chateau domaine cuvee sur mont lac
    """
)


@cache
def _dictionary(lang: str) -> frozenset[str]:
    from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

    from voc_pipeline.redact.folding import fold

    return frozenset(fold(word) for word in DefaultDictionaryFactory(cache_max_size=1).get_dictionary(lang) if " " not in word)


def is_word(folded: str, lang: str) -> bool:
    """Whether a folded word stands in the French dictionary (always asked), or in the English one when the text is English.

    Args:
        folded: Word without accents, lower case.
        lang: Language of the text.

    Returns:
        True for an inflected form of a common word; most names are absent.
    """
    return folded in _dictionary("fr") or (lang == "en" and folded in _dictionary("en"))
