#include <array>
#include <string>
#include <utility>

#include "sandbox/telegram/markup.hpp"
#include "sandbox/telegram/methods.hpp"

namespace hatchery::sandbox::telegram {
namespace {

constexpr std::size_t max_caption_units = 1024;

/// Kinds of media by the parameter that carries the file; the method is `send` and this word.
constexpr std::array<const char*, 8> media_kinds{"photo", "document",  "audio",   "voice",
                                                 "video", "animation", "sticker", "video_note"};

/// Stores the file that the parameter names (uploaded, known by its id, or an address) and returns
/// Telegram's description of it.
base::Json take_file(MethodContext& context, const std::string& parameter) {
    const MethodCall& call = context.call;
    std::string value = call.text(parameter);
    auto uploaded = call.files.find(parameter);
    if (uploaded == call.files.end() && value.starts_with("attach://")) {
        uploaded = call.files.find(value.substr(9));
    }
    std::size_t size = 0;
    std::string name = "file";
    if (uploaded != call.files.end()) {
        name = uploaded->second.filename;
        size = uploaded->second.content.size();
        value = context.files.put({.name = name, .content = uploaded->second.content});
    } else if (const StoredFile* known = context.files.find(value)) {
        name = known->name;
        size = known->content.size();
    }
    if (value.empty()) return nullptr;
    return {{"file_id", value},
            {"file_unique_id", "u" + std::to_string(std::hash<std::string>{}(value))},
            {"file_size", size},
            {"file_name", name}};
}

MethodReply send_one(MethodContext& context, const std::string& kind) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    base::Json file = take_file(context, kind);
    if (file.is_null()) return reply_error(400, "there is no " + kind + " in the request");
    const std::string written = context.call.text("caption");
    MarkedText caption{.text = written};
    if (to_lower(context.call.text("parse_mode")) == "html") caption = parse_html(written);
    if (!caption.error.empty()) return reply_error(400, caption.error);
    if (utf16_length(caption.text) > max_caption_units) {
        return reply_error(400, "message caption is too long");
    }
    base::Json content = base::Json::object();
    const std::string shown = "[" + kind + ": " + base::json_string(file, "file_name") + "]" +
                              (caption.text.empty() ? "" : " " + caption.text);
    if (kind == "photo") {
        file["width"] = 1;
        file["height"] = 1;
        content["photo"] = base::Json::array({std::move(file)});
    } else {
        content[kind] = std::move(file);
    }
    if (!caption.text.empty()) content["caption"] = caption.text;
    if (!caption.entities.empty()) content["caption_entities"] = caption.entities;
    return reply_ok(post_bot_message(context, *chat, content, shown));
}

template <std::size_t kind>
MethodReply send_kind(MethodContext& context) {
    return send_one(context, media_kinds[kind]);
}

MethodReply send_media_group(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const base::Json media = context.call.structure("media");
    if (!media.is_array() || media.empty() || media.size() > 10) {
        return reply_error(400, "wrong number of media in the album");
    }
    base::Json sent = base::Json::array();
    for (const auto& item : media) {
        MethodCall one = context.call;
        const std::string kind = base::json_string(item, "type", "document");
        one.method = "sendMediaGroup";
        one.params[kind] = base::json_string(item, "media");
        one.params["caption"] = base::json_string(item, "caption");
        one.params["parse_mode"] = base::json_string(item, "parse_mode");
        MethodContext inner{context.bot, one, context.now, context.transcript, context.files};
        MethodReply reply = send_one(inner, kind);
        if (reply.status != 200) return reply;
        sent.push_back(std::move(reply.result));
    }
    return reply_ok(std::move(sent));
}

MethodReply send_place(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const MethodCall& call = context.call;
    const base::Json location{{"latitude", call.text("latitude")},
                              {"longitude", call.text("longitude")}};
    const std::string title = call.text("title");
    const std::string shown = "[location: " + call.text("latitude") + ", " +
                              call.text("longitude") + "]" + (title.empty() ? "" : " " + title);
    return reply_ok(post_bot_message(context, *chat, {{"location", location}}, shown));
}

MethodReply send_poll(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const std::string question = context.call.text("question");
    const base::Json poll{{"id", std::to_string(context.bot.next_message_id)},
                          {"question", question},
                          {"options", context.call.structure("options")},
                          {"total_voter_count", 0},
                          {"is_closed", false},
                          {"is_anonymous", true},
                          {"type", "regular"}};
    return reply_ok(post_bot_message(context, *chat, {{"poll", poll}}, "[poll] " + question));
}

MethodReply get_file(MethodContext& context) {
    const std::string file_id = context.call.text("file_id");
    const StoredFile* file = context.files.find(file_id);
    if (file == nullptr) return reply_error(400, "invalid file_id");
    return reply_ok({{"file_id", file_id},
                     {"file_unique_id", "u" + std::to_string(std::hash<std::string>{}(file_id))},
                     {"file_size", file->content.size()},
                     {"file_path", "files/" + file_id}});
}

}  // namespace

void add_media_methods(MethodTable& table) {
    table["sendphoto"] = {"sendPhoto", send_kind<0>};
    table["senddocument"] = {"sendDocument", send_kind<1>};
    table["sendaudio"] = {"sendAudio", send_kind<2>};
    table["sendvoice"] = {"sendVoice", send_kind<3>};
    table["sendvideo"] = {"sendVideo", send_kind<4>};
    table["sendanimation"] = {"sendAnimation", send_kind<5>};
    table["sendsticker"] = {"sendSticker", send_kind<6>};
    table["sendvideonote"] = {"sendVideoNote", send_kind<7>};
    table["sendmediagroup"] = {"sendMediaGroup", send_media_group};
    table["sendlocation"] = {"sendLocation", send_place};
    table["sendvenue"] = {"sendVenue", send_place};
    table["sendpoll"] = {"sendPoll", send_poll};
    table["getfile"] = {"getFile", get_file};
}

}  // namespace hatchery::sandbox::telegram
