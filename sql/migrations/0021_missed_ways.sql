-- In which ways somebody is to be told of what they were not reminded of: a household may have devices and no mail.

ALTER TABLE missed_reminder
    ADD COLUMN mail boolean NOT NULL DEFAULT true,
    ADD COLUMN push boolean NOT NULL DEFAULT false;
