// An app as a user might write it with Bolt for JavaScript: better-sqlite3 for the log, fetch for the call.
//
// It uses a ready-made token, and Socket Mode if there is an app token, else HTTP. The log is in WAL mode, as
// better-sqlite3 recommends. Its build then syncs only at checkpoints, so a power cut may lose the last rows.

import bolt from "@slack/bolt";
import Database from "better-sqlite3";

const env = process.env;

const log = new Database("log.db");
log.pragma("journal_mode = WAL");
log.exec(
  `CREATE TABLE IF NOT EXISTS invocations (created_at TEXT, user_id TEXT, channel_id TEXT, text TEXT,
   room_id TEXT, region TEXT, status TEXT, job_id TEXT, error TEXT)`,
);
const insert = log.prepare(
  `INSERT INTO invocations VALUES
   (@createdAt, @userId, @channelId, @text, @room, @region, @status, @jobId, @error)`,
);

function writeDown(command, room, region, { status, jobId = null, error = null }) {
  insert.run({
    createdAt: new Date().toISOString(),
    userId: command.user_id,
    channelId: command.channel_id,
    text: command.text,
    room,
    region: region ?? null,
    status,
    jobId,
    error,
  });
}

async function startJob(room, region) {
  const answer = await fetch(
    `${env.METASTUDIO_ENDPOINT}/v1/${env.HUAWEICLOUD_SDK_PROJECT_ID}/smart-chat-rooms/${room}/smart-chat-jobs`,
    {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Auth-Token": env.METASTUDIO_AUTH_TOKEN },
      body: JSON.stringify(region ? { region } : {}),
    },
  );
  const job = await answer.json();
  if (!answer.ok) throw new Error(`${job.error_code}: ${job.error_msg}`);
  return job;
}

function summary(job) {
  const lines = [`Job \`${job.job_id}\` started in ${job.region}.`];
  if (job.video_config) lines.push(`Video: ${job.video_config.width} × ${job.video_config.height}`);
  for (const voice of job.voice_config_list ?? []) {
    lines.push(
      `Voice: ${voice.voice_asset_id}, ${voice.provider}, ${voice.language}, speed ${voice.speed}, ` +
        `pitch ${voice.pitch}, volume ${voice.volume}`,
    );
  }
  return lines.join("\n");
}

const app = new bolt.App({
  token: env.SLACK_BOT_TOKEN,
  clientOptions: { slackApiUrl: env.SLACK_API_URL },
  ...(env.SLACK_APP_TOKEN
    ? { socketMode: true, appToken: env.SLACK_APP_TOKEN }
    : { signingSecret: env.SLACK_SIGNING_SECRET }),
});

app.command("/avatar-start", async ({ ack, command, say }) => {
  const [room, region] = command.text.trim().split(/\s+/);
  if (!room) {
    await ack("Usage: /avatar-start room_id [region]");
    return;
  }
  await ack(`Starting room ${room} …`);
  try {
    const job = await startJob(room, region);
    writeDown(command, room, region, { status: "started", jobId: job.job_id });
    await say(summary(job));
  } catch (error) {
    writeDown(command, room, region, { status: "failed", error: String(error) });
    await say(`Room ${room} was not started: ${error.message}`);
  }
});

await app.start(Number(env.AVATAR_HTTP_PORT));
