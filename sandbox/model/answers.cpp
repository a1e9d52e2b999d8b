#include "sandbox/model/answers.hpp"

#include <utility>
#include <vector>

namespace hatchery::sandbox::model {
namespace {

/// The text in pieces of a word each; together they are the text again.
std::vector<std::string> split_words(const std::string& text) {
    std::vector<std::string> pieces;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t space = text.find(' ', begin);
        const std::size_t end = space == std::string::npos ? text.size() : space + 1;
        pieces.push_back(text.substr(begin, end - begin));
        begin = end;
    }
    return pieces;
}

bool send_data(const EventSink& sink, const base::Json& data) {
    return sink("data: " + base::dump_json(data) + "\n\n");
}

/// An event with a name, as responses and Anthropic send them; the name is the data's type too.
bool send_named(const EventSink& sink, const std::string& name, base::Json data) {
    data["type"] = name;
    return sink("event: " + name + "\ndata: " + base::dump_json(data) + "\n\n");
}

base::Json chat_usage(const ModelAnswer& answer) {
    return {{"prompt_tokens", answer.prompt_tokens},
            {"completion_tokens", answer.answer_tokens},
            {"total_tokens", answer.prompt_tokens + answer.answer_tokens}};
}

base::Json chat_chunk(const ModelAnswer& answer, const base::Json& delta,
                      const base::Json& finish_reason) {
    return {{"id", "chatcmpl-" + answer.id},
            {"object", "chat.completion.chunk"},
            {"created", answer.created_s},
            {"model", answer.model},
            {"choices", base::Json::array({{{"index", 0},
                                            {"delta", delta},
                                            {"logprobs", nullptr},
                                            {"finish_reason", finish_reason}}})}};
}

base::Json output_part(const std::string& text) {
    return {{"type", "output_text"}, {"text", text}, {"annotations", base::Json::array()}};
}

base::Json output_item(const ModelAnswer& answer, const char* status, const base::Json& content) {
    return {{"id", "msg_" + answer.id},
            {"type", "message"},
            {"role", "assistant"},
            {"status", status},
            {"content", content}};
}

base::Json response_object(const ModelAnswer& answer, const char* status,
                           const base::Json& output) {
    return {{"id", "resp_" + answer.id}, {"object", "response"}, {"created_at", answer.created_s},
            {"model", answer.model},     {"status", status},     {"output", output},
            {"error", nullptr},          {"usage", nullptr}};
}

base::Json finished_response(const ModelAnswer& answer) {
    const base::Json item =
        output_item(answer, "completed", base::Json::array({output_part(answer.text)}));
    base::Json response = response_object(answer, "completed", base::Json::array({item}));
    response["usage"] = {{"input_tokens", answer.prompt_tokens},
                         {"input_tokens_details", {{"cached_tokens", 0}}},
                         {"output_tokens", answer.answer_tokens},
                         {"output_tokens_details", {{"reasoning_tokens", 0}}},
                         {"total_tokens", answer.prompt_tokens + answer.answer_tokens}};
    return response;
}

base::Json anthropic_shell(const ModelAnswer& answer, long long output_tokens) {
    return {{"id", "msg_" + answer.id},
            {"type", "message"},
            {"role", "assistant"},
            {"model", answer.model},
            {"content", base::Json::array()},
            {"stop_reason", nullptr},
            {"stop_sequence", nullptr},
            {"usage", {{"input_tokens", answer.prompt_tokens}, {"output_tokens", output_tokens}}}};
}

}  // namespace

base::Json chat_completion(const ModelAnswer& answer) {
    const base::Json message{{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
    return {{"id", "chatcmpl-" + answer.id},
            {"object", "chat.completion"},
            {"created", answer.created_s},
            {"model", answer.model},
            {"choices", base::Json::array({{{"index", 0},
                                            {"message", message},
                                            {"logprobs", nullptr},
                                            {"finish_reason", "stop"}}})},
            {"usage", chat_usage(answer)}};
}

void stream_chat_completion(const ModelAnswer& answer, bool with_usage, const EventSink& sink) {
    bool alive =
        send_data(sink, chat_chunk(answer, {{"role", "assistant"}, {"content", ""}}, nullptr));
    for (const auto& piece : split_words(answer.text)) {
        alive = alive && send_data(sink, chat_chunk(answer, {{"content", piece}}, nullptr));
    }
    alive = alive && send_data(sink, chat_chunk(answer, base::Json::object(), "stop"));
    if (alive && with_usage) {
        base::Json last = chat_chunk(answer, base::Json::object(), nullptr);
        last["choices"] = base::Json::array();
        last["usage"] = chat_usage(answer);
        alive = send_data(sink, last);
    }
    if (alive) sink("data: [DONE]\n\n");
}

base::Json openai_response(const ModelAnswer& answer) { return finished_response(answer); }

void stream_openai_response(const ModelAnswer& answer, const EventSink& sink) {
    int sequence = 0;
    bool alive = true;
    const auto send = [&](const char* name, base::Json data) {
        data["sequence_number"] = sequence++;
        alive = alive && send_named(sink, name, std::move(data));
    };
    const base::Json begun = response_object(answer, "in_progress", base::Json::array());
    const base::Json place{
        {"item_id", "msg_" + answer.id}, {"output_index", 0}, {"content_index", 0}};
    const auto at_place = [&](base::Json data) {
        data.update(place);
        return data;
    };
    send("response.created", {{"response", begun}});
    send("response.in_progress", {{"response", begun}});
    send("response.output_item.added",
         {{"output_index", 0}, {"item", output_item(answer, "in_progress", base::Json::array())}});
    send("response.content_part.added", at_place({{"part", output_part("")}}));
    for (const auto& piece : split_words(answer.text)) {
        send("response.output_text.delta", at_place({{"delta", piece}}));
    }
    send("response.output_text.done", at_place({{"text", answer.text}}));
    send("response.content_part.done", at_place({{"part", output_part(answer.text)}}));
    const base::Json finished = finished_response(answer);
    send("response.output_item.done", {{"output_index", 0}, {"item", finished.at("output").at(0)}});
    send("response.completed", {{"response", finished}});
}

base::Json anthropic_message(const ModelAnswer& answer) {
    base::Json message = anthropic_shell(answer, answer.answer_tokens);
    message["content"] = base::Json::array({{{"type", "text"}, {"text", answer.text}}});
    message["stop_reason"] = "end_turn";
    return message;
}

void stream_anthropic_message(const ModelAnswer& answer, const EventSink& sink) {
    bool alive = true;
    const auto send = [&](const char* name, base::Json data) {
        alive = alive && send_named(sink, name, std::move(data));
    };
    send("message_start", {{"message", anthropic_shell(answer, 1)}});
    send("content_block_start",
         {{"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}});
    send("ping", base::Json::object());
    for (const auto& piece : split_words(answer.text)) {
        send("content_block_delta",
             {{"index", 0}, {"delta", {{"type", "text_delta"}, {"text", piece}}}});
    }
    send("content_block_stop", {{"index", 0}});
    send("message_delta", {{"delta", {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}}},
                           {"usage", {{"output_tokens", answer.answer_tokens}}}});
    send("message_stop", base::Json::object());
}

}  // namespace hatchery::sandbox::model
