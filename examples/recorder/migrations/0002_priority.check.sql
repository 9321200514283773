SELECT 'the title of recording ' || id || ' begins with more than nine "!": shorten it'
FROM recordings
WHERE title GLOB '!!!!!!!!!!*';
