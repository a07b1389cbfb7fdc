-- A SQLite database as kouyu 0.1.0 made it, with rows in every table (sqlite3's iterdump). The token's secret is
-- "kouyu_secret-of-a-test"; the uploaded file's content, "a map of Paris", is not part of the database.
BEGIN TRANSACTION;
CREATE TABLE bots (
        id TEXT NOT NULL PRIMARY KEY,
        owner_id TEXT NOT NULL,
        draft TEXT NOT NULL,
        published TEXT,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        published_at BIGINT
    );
INSERT INTO "bots" VALUES('7500000000000000303','kouyu','{"name":"Tutor","description":"","icon_file_id":"","prompt":"You teach.","prologue":"","suggested_questions":[],"follow_up":false,"follow_up_prompt":"","voice_id":"","model":{"model_id":"","temperature":0.2,"top_p":null,"top_k":null,"max_tokens":null,"presence_penalty":null,"frequency_penalty":null,"context_round":null},"tools":[]}','{"name":"Tutor","description":"","icon_file_id":"","prompt":"You teach.","prologue":"","suggested_questions":[],"follow_up":false,"follow_up_prompt":"","voice_id":"","model":{"model_id":"","temperature":0.2,"top_p":null,"top_k":null,"max_tokens":null,"presence_penalty":null,"frequency_penalty":null,"context_round":null},"tools":[]}',1,1790000000,1790000000,1790000000);
CREATE TABLE chats (
        id TEXT NOT NULL PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        section_id TEXT NOT NULL,
        bot_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        status TEXT NOT NULL,
        usage TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        completed_at BIGINT,
        failed_at BIGINT,
        last_error TEXT,
        meta_data TEXT NOT NULL,
        required_action TEXT,
        excluded BOOLEAN NOT NULL
    );
INSERT INTO "chats" VALUES('7500000000000000200','7500000000000000100','7500000000000000100','tutor','ada','completed','{"token_count":45,"output_count":28,"input_count":17}',1790000000,1790000002,NULL,NULL,'{}',NULL,0);
CREATE TABLE conversations (
        id TEXT NOT NULL PRIMARY KEY,
        bot_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        section_id TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        meta_data TEXT NOT NULL
    );
INSERT INTO "conversations" VALUES('7500000000000000100','tutor','ada','7500000000000000100','French',1790000000,1790000000,'{"level":"A1"}');
CREATE TABLE feedback (
        message_id TEXT NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        feedback_type TEXT NOT NULL,
        reason_types TEXT NOT NULL,
        comment TEXT NOT NULL,
        created_at BIGINT NOT NULL
    );
INSERT INTO "feedback" VALUES('2','like','["good"]','clear',1790000000);
CREATE TABLE files (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        created_at BIGINT NOT NULL
    );
INSERT INTO "files" VALUES('7500000000000000302','map.txt',14,1790000000);
CREATE TABLE messages (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        section_id TEXT NOT NULL,
        chat_id TEXT NOT NULL,
        bot_id TEXT NOT NULL,
        role TEXT NOT NULL,
        type TEXT NOT NULL,
        content TEXT NOT NULL,
        content_type TEXT NOT NULL,
        reasoning_content TEXT NOT NULL,
        heard TEXT,
        meta_data TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    );
INSERT INTO "messages" VALUES(1,'1','7500000000000000100','7500000000000000100','7500000000000000200','tutor','user','question','What is the capital of France?','text','',NULL,'{"mood":"curious"}',1790000000,1790000000);
INSERT INTO "messages" VALUES(2,'2','7500000000000000100','7500000000000000100','7500000000000000200','tutor','assistant','answer','Paris is the capital. It lies on the Seine.','text','Easy.','Paris is the capital.','{}',1790000001,1790000001);
INSERT INTO "messages" VALUES(3,'3','7500000000000000100','7500000000000000100','7500000000000000201','tutor','user','question','[{"type":"text","text":"What is this?"},{"type":"file","file_id":"9"}]','object_string','',NULL,'{}',1790000005,1790000005);
INSERT INTO "messages" VALUES(4,'4','7500000000000000100','7500000000000000100','7500000000000000201','tutor','assistant','answer','A map.','text','',NULL,'{}',1790000006,1790000006);
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO "schema_version" VALUES(6);
CREATE TABLE sounds (
        message_id TEXT NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        conversation_id TEXT NOT NULL,
        role TEXT NOT NULL,
        media_type TEXT NOT NULL,
        duration_ms BIGINT NOT NULL,
        size BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        content BLOB NOT NULL
    );
INSERT INTO "sounds" VALUES('1','7500000000000000100','user','audio/ogg',1200,5,1790000000,X'736F756E64');
CREATE TABLE tokens (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        digest TEXT NOT NULL UNIQUE,
        permissions TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        last_used_at BIGINT
    );
INSERT INTO "tokens" VALUES('7500000000000000301','phone','a6f9d257a75ee3c190c45e69190eb0dfced8286482a2b6a30634b2689d70bdef','["chat","rest","diagnostics"]',1790000000,NULL,NULL);
CREATE TABLE variables (
        owner_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        keyword TEXT NOT NULL,
        value TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (owner_id, user_id, keyword)
    );
INSERT INTO "variables" VALUES('tutor','ada','city','Lyon',1790000000,1790000000);
CREATE TABLE voiceprint_features (
        id TEXT NOT NULL PRIMARY KEY,
        group_id TEXT NOT NULL REFERENCES voiceprint_groups (id) ON DELETE CASCADE,
        owner_id TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        model TEXT NOT NULL,
        speech_ms BIGINT NOT NULL,
        vector BLOB NOT NULL,
        audio BLOB
    );
INSERT INTO "voiceprint_features" VALUES('7500000000000000305','7500000000000000304','kouyu','Ada','the elder',1790000000,1790000000,'resemblyzer',4000,X'0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D0000803D',X'52494646');
CREATE TABLE voiceprint_groups (
        id TEXT NOT NULL PRIMARY KEY,
        owner_id TEXT NOT NULL,
        account_id TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    );
INSERT INTO "voiceprint_groups" VALUES('7500000000000000304','kouyu','','family','at home',1790000000,1790000000);
CREATE INDEX conversations_by_bot ON conversations (bot_id, created_at, id);
CREATE INDEX messages_by_conversation ON messages (conversation_id, seq);
CREATE INDEX messages_by_section ON messages (conversation_id, section_id, seq);
CREATE INDEX messages_by_chat ON messages (chat_id, seq);
CREATE INDEX chats_by_conversation ON chats (conversation_id);
CREATE INDEX chats_open ON chats (status) WHERE status IN ('created', 'in_progress', 'requires_action');
CREATE INDEX voiceprint_features_by_group ON voiceprint_features (group_id, created_at, id);
CREATE INDEX sounds_by_conversation ON sounds (conversation_id, created_at);
CREATE INDEX sounds_by_age ON sounds (created_at, message_id, size);
COMMIT;
