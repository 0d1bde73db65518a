import type { InjectionTerms } from '../meanings.js'

export const ENGLISH: InjectionTerms = {
  override: `ignore ignores ignoring disregard* forget forgetting overlook* neglect* bypass* override
    overrides overriding circumvent* discard* unlearn do_not_follow don_t_follow dont_follow
    do_not_obey don_t_obey stop_following do_not_listen don_t_listen dont_listen pay_no_attention
    do_not_adhere no_longer_follow no_longer_bound erase cancel nevermind never_mind`,
  prior: `previous* prior preceding above earlier former foregoing initial original existing so_far
    up_to_now before past old other current`,
  all: `all any every everything entire whole`,
  your: `your our ur its the_system_s this_system_s the_system this_system my_ai`,
  instruction: `instruction* directive* directions rule rules ruleset guideline* guidance prompt prompts
    command commands order orders constraint* restriction* policy policies programming training
    guardrail* safeguards`,
  told: `you_were_told you_have_been_told you_ve_been_told you_ve_been_instructed
    you_have_been_instructed you_were_instructed you_ve_learned you_were_given you_have_been_given
    you_ve_been_given you_know i_told_you we_told_you i_said tell_you_what`,
  content: `context task tasks input inputs information conversation* messages message text dialogue content
    requests chat directions`,
  reveal: `reveal* show print output outputs repeat display disclose* dump recite leak expose echo
    translate summarize summarise paraphrase copy write_out spell_out type_out list encode return`,
  ask: `what tell give confirm share provide know say which`,
  system_prompt: `system_prompt* system_message* systemprompt* initial_prompt initial_instruction*
    hidden_prompt* hidden_instruction* secret_instruction* preprompt pre_prompt developer_message*
    original_prompt original_instruction* prompt_verbatim your_prompt
    instructions_above instructions_verbatim your_initial_prompt`,
  secret: `password passwords passcode passcode_phrase passphrase secret_key api_key api_keys secret_word
    secret_code credentials private_key access_token confidential_string confidential_information
    secret_phrase secret_string`,
  persona: `act_as act_like acting_as pretend* roleplay* role_play* roleplaying you_are_now you_re_now
    simulate simulating simulation impersonat* emulat* persona play_the_role play_a_role in_the_role
    take_the_role take_on_the_role take_up_the_persona you_are_going_to_act you_will_act you_are_going_to_be
    you_will_be playing_a_character become you_re_going_to_act
    respond_as reply_as answer_as speak_as a_character a_chatbot_named an_ai_named transform_into`,
  from_now: `from_now_on from_now from_this_point from_here_on starting_now starting_from_now
    henceforth for_the_rest_of for_this_entire`,
  unrestricted: `unfiltered uncensored unrestricted unlimited amoral immoral unethical unmoderated
    limitless lawless jailbroken jailbreak* nsfw unbound unhinged unrestrained unchained
    non_restricted broken_free break_free breaks_free freed_from free_of_all free_from`,
  without: `no not without never none neither nor zero don_t doesn_t isn_t aren_t won_t cannot
    can_t removed lacks lack lacking bypass bypassed bypasses ignores ignore disregard* disables
    disabled free avoid remove`,
  limit: `ethic* moral* restriction* restricted limit limits limited limitation* filter* censor*
    boundar* guideline* policy policies rules rule laws legal safeguards constraint* constrained inhibition*
    morals safety_guidelines safety_protocols scruple* conscience confines bound moderation
    qualms remorse law_and_ethics`,
  jailbreak: `do_anything_now does_anything_now doing_everything_now do_everything_now
    developer_mode_enabled developer_mode_output god_mode dan_mode stan_mode evil_bot
    jailbreak_mode opposite_mode anti_dan evil_mode devmode sudo_mode debug_mode_enabled
    unrestricted_mode maintenance_mode_enabled strive_to_avoid_norms`,
  refuse: `refuse* refusal* decline* reject rejects deny denies cannot can_t unable won_t
    i_m_sorry i_am_sorry as_an_ai as_an_ai_language_model as_a_language_model say_no hesitat*
    cannot_fulfill not_able_to`,
  obey: `obey obeys obeying comply complies complying fulfill fulfills fulfil fulfils accept_any answer_any
    answer_every answer_all answer_anything always_answer always_answers always_respond
    always_responds respond_to_any respond_to_every respond_to_all follow_every follow_all
    satisfy_any any_request every_request all_requests everything_i_say whatever_i_ask
    anything_i_ask generate_any do_anything`,
  must: `must always will shall have_to need_to required should`,
  disclaimer: `disclaimer* warning warnings apolog* lecture* moralizing moralising ethical_concerns
    ethical_advice caution_notes sorry unfortunately however refusals as_an_ai negative_responses`,
  character: `break_character breaking_character stay_in_character remain_in_character in_character
    out_of_character break_role break_the_character staying_in_character stay_a`,
  vendor: `openai chatgpt gpt anthropic claude open_ai chat_gpt gpt4 gpt3 language_model
    your_creators your_developers content_policy content_policies google bard llama`,
  begin: `begin start starting starts prefix prefixed preface begins beginning open opening`,
  response: `response* answer* reply replies output message sentence outputs`,
  affirm: `sure absolutely certainly of_course gladly yes_of_course sure_here here_is here_s here_are`,
  harmful: `illegal unethical immoral harmful dangerous offensive inappropriate explicit unlawful
    controversial derogatory toxic hateful violent malicious criminal profanit* vulgar swear
    curse racist sexist`,
  regardless: `regardless no_matter even_if irrespective without_question without_hesitation
    unconditionally at_all_costs under_any_circumstances in_any_way`,
  send: `send append forward post upload exfiltrate transmit email include embed attach insert add
    leak encode`,
  conversation: `conversation* chat_history chat_log* previous_messages user_data user_s_data
    personal_data user_information system_prompt system_message user_input cookies session_token
    environment_variables chat_content users_data employee_data message_history
    conversation_history secrets`,
  remote: `http https www com org net io xyz webhook`,
  two: `two both 2 dual`,
  way: `ways responses answers paragraphs outputs replies response`,
  new: `new updated real true actual following only next`,
  fiction: `hypothetical* fiction* fictional imaginary alternate_universe alternate_reality
    parallel_universe novel screenplay in_a_world where_anything`,
}
